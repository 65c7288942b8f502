import type { ReactNode } from "react";
import { useTexts } from "../texts/texts";
import styles from "./BulkBar.module.css";
import { Button } from "./Button";

interface Props {
  chosen: number;
  onNone: () => void;
  /** What can be done with those. */
  children: ReactNode;
}

/** What can be done with the chosen rows; there while some are. */
export function BulkBar({ chosen, onNone, children }: Props) {
  const { t } = useTexts();
  if (chosen === 0) return null;
  return (
    <section className={styles.bar} aria-label={t("bulk.label")}>
      <span className={styles.count} role="status">
        {t("bulk.chosen", { chosen })}
      </span>
      {children}
      <Button look="quiet" onClick={onNone}>
        {t("bulk.none")}
      </Button>
    </section>
  );
}
