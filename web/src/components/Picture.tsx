import { useState } from "react";
import { CONSOLE_PATH } from "../api/client";
import styles from "./Picture.module.css";

interface Props {
  url: string | null | undefined;
  /** Where its price comes from: invented products have invented pictures, the console's own. */
  source: string | null | undefined;
  size?: number;
}

/** A product's picture; where there is none, a place of the same size. */
export function Picture({ url, source, size = 40 }: Props) {
  const [isMissing, setMissing] = useState(false);
  const name = url?.split("/").at(-1);
  const address = source === "simulator" ? `${CONSOLE_PATH}/img/${name}` : url;
  return (
    <span className={styles.place} style={{ width: size, height: size }}>
      {url && !isMissing && (
        <img
          src={address ?? undefined}
          alt=""
          width={size}
          height={size}
          loading="lazy"
          referrerPolicy="no-referrer"
          onError={() => setMissing(true)}
        />
      )}
    </span>
  );
}
