import { type ReactNode, useId, useState } from "react";
import { useTexts } from "../texts/texts";
import { Button } from "./Button";
import styles from "./Filters.module.css";

interface Props {
  search: ReactNode;
  /** How many of the choices are made. */
  chosen: number;
  /** The choices. Where the window is narrow they fold away. */
  children: ReactNode;
}

/** Which rows of a list are shown, and in which order. */
export function Filters({ search, chosen, children }: Props) {
  const { t } = useTexts();
  const [isOpen, setOpen] = useState(false);
  const folded = useId();
  return (
    <search className={styles.filters}>
      {search}
      <Button
        className={styles.unfold ?? ""}
        aria-expanded={isOpen}
        aria-controls={folded}
        onClick={() => setOpen(!isOpen)}
      >
        {t(chosen > 0 ? "filter.someOn" : "filter.all", { chosen })}
      </Button>
      <div id={folded} className={`${styles.choices} ${isOpen ? styles.open : ""}`}>
        {children}
      </div>
    </search>
  );
}
