import type { ReactNode } from "react";
import styles from "./Table.module.css";

export interface Column<Row> {
  head: string;
  cell: (row: Row) => ReactNode;
  /** Stands at the right, so that figures stand under each other. */
  isNumber?: boolean;
}

interface Props<Row> {
  /** What the rows are; screen readers say it. */
  label: string;
  /** The first says what a row is about. */
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string | number;
}

/** Rows with the same facts. Where the window is narrow, each is a card with its facts by name. */
export function Table<Row>({ label, columns, rows, keyOf }: Props<Row>) {
  const [first, ...others] = columns;
  return (
    <table className={styles.table} aria-label={label}>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column.head} scope="col" className={column.isNumber ? styles.number : ""}>
              {column.head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)}>
            <th scope="row">{first?.cell(row)}</th>
            {others.map((column) => (
              <td
                key={column.head}
                data-head={column.head}
                className={column.isNumber ? `${styles.number} figures` : ""}
              >
                <span className={styles.value}>{column.cell(row)}</span>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
