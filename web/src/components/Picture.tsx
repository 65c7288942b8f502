import { useState } from "react";
import styles from "./Picture.module.css";

/** A product's picture; where there is none, a place of the same size. */
export function Picture({ url, size = 40 }: { url: string | null | undefined; size?: number }) {
  const [isMissing, setMissing] = useState(false);
  const shown = url && !isMissing;
  return (
    <span className={styles.place} style={{ width: size, height: size }}>
      {shown && (
        <img
          src={url}
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
