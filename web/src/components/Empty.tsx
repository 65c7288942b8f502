import type { ReactNode } from "react";
import styles from "./Empty.module.css";

interface Props {
  says: string;
  /** What the page will show, and what to do first. */
  hint?: string;
  action?: ReactNode;
}

/** What stands where nothing is yet: what will be there, and the one thing to do first. */
export function Empty({ says, hint, action }: Props) {
  return (
    <div className={styles.empty}>
      <h2>{says}</h2>
      {hint && <p className="muted">{hint}</p>}
      {action}
    </div>
  );
}
