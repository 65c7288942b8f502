import { useState } from "react";
import { useTexts } from "../texts/texts";
import { Button } from "./Button";
import styles from "./Copy.module.css";

/** A text to take along, shown whole, with a button that copies it. */
export function Copy({ label, text }: { label: string; text: string }) {
  const { t } = useTexts();
  const [says, setSays] = useState<"copied" | "byHand" | null>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSays("copied");
    } catch {
      // Browsers copy for pages from HTTPS or this machine alone.
      setSays("byHand");
    }
  };
  return (
    <div className={styles.copy}>
      <output className={styles.text} aria-label={label}>
        {text}
      </output>
      <Button onClick={copy}>{t("copy.do")}</Button>
      <span role="status" className="secondary">
        {says !== null && t(`copy.${says}`)}
      </span>
    </div>
  );
}
