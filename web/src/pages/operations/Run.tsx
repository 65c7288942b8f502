import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "wouter";
import { api, CONSOLE_PATH, read, type Schema } from "../../api/client";
import { Read } from "../../components/Listing";
import { type Column, Table } from "../../components/Table";
import { When } from "../../components/When";
import { durationText } from "../../quantities";
import type { TextKey } from "../../texts/keys";
import { useTexts } from "../../texts/texts";
import { Facts } from "./Facts";
import styles from "./Operations.module.css";
import { Count, EVERY_MS, RunStateWords } from "./parts";
import { RunPrices } from "./RunPrices";

type Detail = Schema["RunInDetailReply"];

/** Below which path of Airflow's it mounts the console. */
const HOSTED_AT = "/keeper";

/** The DAG whose runs bring prices that are current. */
const PRICES_BY = "track_prices";

/** What a run counts, in the order it does it. */
const COUNTS = [
  "products_planned",
  "products_postponed",
  "products_fetched",
  "products_missing",
  "tokens_estimated",
  "tokens_spent",
  "tokens_left",
  "records_checked",
  "records_quarantined",
  "events_published",
  "history_published",
  "points_stored",
  "history_stored",
  "deals_stored",
  "alerts_raised",
  "alerts_sent",
  "series_undelivered",
  "series_unreadable",
] as const satisfies readonly (keyof Detail)[];

/** One run: what it did, what its checks rejected, and where Airflow shows it. */
export function Run() {
  const { t, language } = useTexts();
  const params = useParams<{ dag: string; "*": string }>();
  // Airflow may escape what a run is called; no run is called by a per cent sign.
  const id = decodeURIComponent(`${params.dag}/${params["*"]}`);
  const query = useQuery({
    queryKey: ["operations", "run", id],
    queryFn: () =>
      read(
        api.GET("/api/v1/runs/{run_id}", {
          params: { path: { run_id: id } },
          // Its id holds a slash, which is part of the address.
          pathSerializer: (path) =>
            path.replace("{run_id}", id.split("/").map(encodeURIComponent).join("/")),
        }),
      ),
    refetchInterval: EVERY_MS,
  });
  return (
    <Read query={query}>
      {(run) => (
        <section className={styles.section}>
          <h2>{run.dag_id}</h2>
          <p className="secondary">{run.id}</p>
          {run.problem && <p className="bad">{run.problem}</p>}
          <Facts
            facts={[
              [t("operations.state"), <RunStateWords key="state" state={run.state} />],
              [t("operations.started"), <When key="started" at={run.started_at} />],
              [
                t("operations.took"),
                run.seconds === null ? "–" : durationText(run.seconds, language),
              ],
              [t("operations.source"), run.source],
            ]}
          />
          <Links run={run} />
          <h3>{t("operations.counts")}</h3>
          <Facts
            facts={COUNTS.filter((count) => run[count] !== null).map(
              (count) =>
                [
                  t(`operations.count.${count}` satisfies TextKey),
                  <Count key={count} of={run[count]} />,
                ] as const,
            )}
          />
          <Rejected run={run} />
          {run.dag_id === PRICES_BY && <RunPrices runId={run.id} />}
        </section>
      )}
    </Read>
  );
}

function Links({ run }: { run: Detail }) {
  const { t } = useTexts();
  const query = `run_id=${encodeURIComponent(run.id)}`;
  const airflow = airflowAddress(run);
  return (
    <p className={styles.row}>
      <Link href={`/operations/tokens?${query}`}>{t("operations.itsRequests")}</Link>
      <Link href={`/operations/quarantine?${query}`}>{t("operations.itsRecords")}</Link>
      {airflow !== null && (
        <a href={airflow} target="_blank" rel="noopener noreferrer">
          {t("operations.inAirflow")}
        </a>
      )}
    </p>
  );
}

/** Return where Airflow shows a run, if it serves these pages: beside them, unless they are shown
 * in its frame, where Airflow's own page of the run is around them and no window may be opened. */
function airflowAddress(run: Detail): string | null {
  if (!CONSOLE_PATH.endsWith(HOSTED_AT) || window.top !== window.self) return null;
  const airflow = CONSOLE_PATH.slice(0, -HOSTED_AT.length);
  const name = run.id.slice(run.dag_id.length + 1);
  return `${airflow}/dags/${run.dag_id}/runs/${encodeURIComponent(name)}`;
}

function Rejected({ run }: { run: Detail }) {
  const { t } = useTexts();
  const columns: Column<Schema["RejectedReply"]>[] = [
    { head: t("operations.expectation"), cell: (one) => one.expectation },
    { head: t("operations.column"), cell: (one) => one.column ?? "–" },
    { head: t("operations.batch"), cell: (one) => <Count of={one.batch} />, isNumber: true },
    { head: t("operations.records"), cell: (one) => <Count of={one.records} />, isNumber: true },
  ];
  return (
    <>
      <h3>{t("operations.rejected")}</h3>
      {run.rejected.length === 0 ? (
        <p className="muted">{t("operations.allGood")}</p>
      ) : (
        <Table
          label={t("operations.rejected")}
          columns={columns}
          rows={run.rejected}
          keyOf={(one) => `${one.batch} ${one.expectation} ${one.column}`}
        />
      )}
    </>
  );
}
