import { Link, useSearchParams } from "wouter";
import { api, read, type Schema } from "../../api/client";
import { Listing } from "../../components/Listing";
import type { Column } from "../../components/Table";
import { When } from "../../components/When";
import { useTexts } from "../../texts/texts";
import { usePages } from "../../usePages";
import styles from "./Operations.module.css";
import { EVERY_MS, PER_PAGE, RunLink } from "./parts";

type Record_ = Schema["QuarantinedReply"];

/** Records that failed their checks and were published nowhere. */
export function Quarantine() {
  const { t } = useTexts();
  const [search] = useSearchParams();
  const run = search.get("run_id");
  const filters = run === null ? {} : { run_id: run };
  const { query, pages } = usePages(
    ["operations", "quarantine", filters],
    (cursor) =>
      read(
        api.GET("/api/v1/quarantine", {
          params: {
            query: { ...filters, limit: PER_PAGE, total: true, ...(cursor && { cursor }) },
          },
        }),
      ),
    EVERY_MS,
  );
  const columns: Column<Record_>[] = [
    {
      head: t("operations.expectation"),
      cell: (one) => (
        <>
          <strong>{one.expectation}</strong>
          {one.column !== null && <span className="secondary"> · {one.column}</span>}
        </>
      ),
    },
    {
      head: t("operations.product"),
      cell: (one) =>
        one.asin !== null && one.domain !== null ? (
          <Link href={`/products/${one.domain}/${one.asin}`}>
            {one.asin} · {one.domain} · {one.price_type}
          </Link>
        ) : (
          "–"
        ),
    },
    { head: t("operations.at"), cell: (one) => <When at={one.quarantined_at} /> },
    { head: t("operations.runOf"), cell: (one) => <RunLink id={one.run_id} /> },
    {
      head: t("operations.record"),
      cell: (one) => (
        <details>
          <summary>{t("operations.showRecord")}</summary>
          <pre className={`${styles.bytes} ${styles.text}`}>
            {JSON.stringify(one.record, null, 2)}
          </pre>
        </details>
      ),
    },
  ];
  return (
    <>
      {run !== null && (
        <p>
          <RunLink id={run} /> ·{" "}
          <Link href="/operations/quarantine">{t("operations.showAll")}</Link>
        </p>
      )}
      <Listing
        query={query}
        pages={pages}
        columns={columns}
        keyOf={(one) => one.id}
        label={t("operations.quarantine")}
        empty={t("operations.noQuarantine")}
        hint={t("operations.noQuarantineHint")}
      />
    </>
  );
}
