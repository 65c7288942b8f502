import type { ReactNode } from "react";
import { useAddress } from "../useAddress";
import styles from "./SortHead.module.css";

interface Props {
  /** What the API calls the order. */
  by: string;
  /** Which way round first: with a minus the largest comes first. */
  first: string;
  isNumber?: boolean;
  children: ReactNode;
}

/** The head of a column that sorts by it: one press the useful way round, another the other. */
export function SortHead({ by, first, isNumber = false, children }: Props) {
  const { said, say } = useAddress();
  const sort = said("sort");
  const isSorted = sort.replace(/^-/, "") === by;
  const isDown = sort.startsWith("-");
  const other = first.startsWith("-") ? by : `-${by}`;
  return (
    <th
      scope="col"
      className={isNumber ? styles.number : undefined}
      aria-sort={isSorted ? (isDown ? "descending" : "ascending") : undefined}
    >
      <button
        type="button"
        className={styles.head}
        onClick={() => say({ sort: sort === first ? other : first })}
      >
        {children}
        {isSorted && <span aria-hidden="true">{isDown ? " ↓" : " ↑"}</span>}
      </button>
    </th>
  );
}
