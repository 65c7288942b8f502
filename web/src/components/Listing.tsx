import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { countedText } from "../format";
import { useTexts } from "../texts/texts";
import { Button } from "./Button";
import { Empty } from "./Empty";
import { useFailure } from "./Failed";
import styles from "./Listing.module.css";
import { Skeleton } from "./Skeleton";
import { type Column, Table } from "./Table";
import { When } from "./When";

interface ReadProps<Data> {
  query: UseQueryResult<Data>;
  /** What it is, where a page shows several. */
  title?: string;
  /** Choices of what is read, beside its age. */
  filters?: ReactNode;
  children: (data: Data) => ReactNode;
  lines?: number;
}

/** What was read: its age, how to read it again, and what shows while it is not there. */
export function Read<Data>({ query, title, filters, children, lines = 6 }: ReadProps<Data>) {
  const { t } = useTexts();
  const failure = useFailure(query);
  return (
    <>
      <div className={styles.head}>
        <div className={styles.filters}>
          {title !== undefined && <h2>{title}</h2>}
          {filters}
        </div>
        <div className={styles.age}>
          {/* It has its room before it is known, so that nothing moves then. */}
          <span className={`secondary ${query.data === undefined ? styles.unread : ""}`}>
            {t("list.read")} <When at={new Date(query.dataUpdatedAt || Date.now()).toISOString()} />
          </span>
          <Button look="quiet" onClick={() => query.refetch()}>
            {t("list.reload")}
          </Button>
        </div>
      </div>
      {query.isPending && !query.isFetched && <Skeleton lines={lines} height={48} />}
      {failure}
      {query.data !== undefined && children(query.data)}
    </>
  );
}

interface Paged<Row> {
  items: Row[];
  next_cursor?: string | null;
  /** How many rows there are on all pages, where the API has counted them. */
  total?: number | null;
}

interface Props<Row, Data extends Paged<Row>> {
  query: UseQueryResult<Data>;
  columns: readonly Column<Row>[];
  keyOf: (row: Row) => string | number;
  label: string;
  /** What it is, where a page shows several. */
  title?: string;
  /** What stands there when nothing is. */
  empty: string;
  hint?: string;
  filters?: ReactNode;
  /** What is said above the rows. */
  above?: (data: Data) => ReactNode;
  /** The page's cursor and how to go to another; none for what is one page. */
  pages?: { cursor: string | null; goTo: (cursor: string | null) => void };
}

/** A list of the API: its age, its rows as a table, its pages. */
export function Listing<Row, Data extends Paged<Row>>(props: Props<Row, Data>) {
  const { t, language } = useTexts();
  const { query, title, columns, keyOf, label, empty, hint, filters, above, pages } = props;
  const inAll = (total: number) => {
    const { counted, isMore } = countedText(total, language);
    return t(isMore ? "list.moreInAll" : "list.inAll", { total: counted });
  };
  return (
    <Read query={query} filters={filters} {...(title !== undefined && { title })}>
      {(data) => (
        <>
          {above?.(data)}
          {data.items.length === 0 ? (
            <Empty says={empty} {...(hint !== undefined && { hint })} />
          ) : (
            <Table label={label} columns={columns} rows={data.items} keyOf={keyOf} />
          )}
          {data.items.length > 0 && typeof data.total === "number" && (
            <p className="secondary figures">{inAll(data.total)}</p>
          )}
          {pages && (pages.cursor !== null || data.next_cursor) && (
            <p className={styles.pages}>
              {pages.cursor !== null && (
                <Button onClick={() => pages.goTo(null)}>{t("do.first")}</Button>
              )}
              {data.next_cursor && (
                <Button onClick={() => pages.goTo(data.next_cursor ?? null)}>{t("do.next")}</Button>
              )}
            </p>
          )}
        </>
      )}
    </Read>
  );
}
