import { useState } from "react";
import { Link, useSearchParams } from "wouter";
import { api, read, type Schema } from "../../api/client";
import { Choice } from "../../components/Field";
import { Listing } from "../../components/Listing";
import type { Column } from "../../components/Table";
import { When } from "../../components/When";
import { durationText } from "../../quantities";
import { useTexts } from "../../texts/texts";
import { usePages } from "../../usePages";
import { Count, EVERY_MS, PER_PAGE, RunStateWords } from "./parts";

type Run = Schema["RunReply"];
type State = Schema["RunState"] | "";

/** The DAGs whose runs Keeper records. */
const DAGS = [
  "track_prices",
  "backfill_history",
  "collect_deals",
  "discover_products",
  "report_deals",
  "reconcile_stores",
  "check_operations",
  "check_services",
  "maintain_storage",
] as const;

/** Runs of the DAGs, the newest first. */
export function Runs() {
  const { t, language } = useTexts();
  const [state, setState] = useState<State>("");
  const [search, setSearch] = useSearchParams();
  const dag = search.get("dag_id") ?? "";
  const filters = { ...(state && { state: [state] }), ...(dag && { dag_id: dag }) };
  const { query, pages } = usePages(
    ["operations", "runs", filters],
    (cursor) =>
      read(
        api.GET("/api/v1/runs", {
          params: {
            query: { ...filters, limit: PER_PAGE, total: true, ...(cursor && { cursor }) },
          },
        }),
      ),
    EVERY_MS,
  );
  const columns: Column<Run>[] = [
    {
      head: t("operations.runOf"),
      cell: (run) => (
        <>
          <Link href={`/operations/runs/${run.id}`}>
            <strong>{run.dag_id}</strong>
          </Link>
          <br />
          <span className="secondary">{run.id.slice(run.dag_id.length + 1)}</span>
        </>
      ),
    },
    {
      head: t("operations.state"),
      cell: (run) => (
        <>
          <RunStateWords state={run.state} />
          {run.problem && <p className="secondary">{run.problem}</p>}
        </>
      ),
    },
    { head: t("operations.started"), cell: (run) => <When at={run.started_at} /> },
    {
      head: t("operations.took"),
      cell: (run) => (run.seconds === null ? "–" : durationText(run.seconds, language)),
      isNumber: true,
    },
    {
      head: t("operations.products"),
      cell: (run) => <Count of={run.products_fetched} />,
      isNumber: true,
    },
    {
      head: t("operations.tokensSpent"),
      cell: (run) => <Count of={run.tokens_spent} />,
      isNumber: true,
    },
    {
      head: t("operations.alertsRaised"),
      cell: (run) => <Count of={run.alerts_raised} />,
      isNumber: true,
    },
  ];
  return (
    <Listing
      query={query}
      pages={pages}
      columns={columns}
      keyOf={(run) => run.id}
      label={t("operations.runs")}
      empty={t("operations.noRuns")}
      hint={t("operations.noRunsDo")}
      filters={
        <>
          <Choice
            label={t("operations.dag")}
            value={dag}
            onChange={(event) =>
              setSearch(event.target.value ? { dag_id: event.target.value } : {})
            }
            options={[["", t("operations.allDags")], ...DAGS.map((one) => [one, one] as const)]}
          />
          <Choice
            label={t("operations.state")}
            value={state}
            onChange={(event) => setState(event.target.value as State)}
            options={[
              ["", t("operations.allStates")],
              ...(["RUNNING", "SUCCESS", "FAILED"] as const).map(
                (one) => [one, t(`operations.run.${one}`)] as const,
              ),
            ]}
          />
        </>
      }
    />
  );
}
