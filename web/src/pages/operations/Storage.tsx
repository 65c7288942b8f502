import { useQuery } from "@tanstack/react-query";
import { api, read, type Schema } from "../../api/client";
import { Read } from "../../components/Listing";
import { State } from "../../components/State";
import { type Column, Table } from "../../components/Table";
import { dayText } from "../../format";
import { bytesText } from "../../quantities";
import { useTexts } from "../../texts/texts";
import styles from "./Operations.module.css";
import { Count } from "./parts";

/** What the database takes, and what about it needs a hand. */
export function Storage() {
  const { t, language } = useTexts();
  const query = useQuery({
    queryKey: ["operations", "storage"],
    queryFn: () => read(api.GET("/api/v1/storage")),
  });
  const day = (at: string | null) => (at === null ? "–" : dayText(new Date(at), language));
  const columns: Column<Schema["TableReply"]>[] = [
    { head: t("operations.table"), cell: (table) => table.name },
    {
      head: t("operations.size"),
      cell: (table) => bytesText(table.bytes, language),
      isNumber: true,
    },
    { head: t("operations.rows"), cell: (table) => <Count of={table.rows} />, isNumber: true },
    { head: t("operations.from"), cell: (table) => day(table.since) },
    { head: t("operations.until"), cell: (table) => day(table.until) },
  ];
  return (
    <Read query={query}>
      {(storage) => (
        <section className={styles.section}>
          <p>{t("operations.takes", { size: bytesText(storage.bytes, language) })}</p>
          {storage.problems.length === 0 ? (
            <p>
              <State kind="good" says={t("operations.noProblem")} />
            </p>
          ) : (
            <ul>
              {storage.problems.map((problem) => (
                <li key={problem}>
                  <State kind="bad" says={problem} />
                </li>
              ))}
            </ul>
          )}
          <Table
            label={t("operations.storage")}
            columns={columns}
            rows={[...storage.tables].sort((one, other) => other.bytes - one.bytes)}
            keyOf={(table) => table.name}
          />
        </section>
      )}
    </Read>
  );
}
