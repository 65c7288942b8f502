import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, read, type Schema } from "../../api/client";
import { Choice } from "../../components/Field";
import { Listing } from "../../components/Listing";
import { State } from "../../components/State";
import type { Column } from "../../components/Table";
import { When } from "../../components/When";
import { useTexts } from "../../texts/texts";
import { usePages } from "../../usePages";
import { Asked } from "./Asked";
import styles from "./Operations.module.css";
import { Count, EVERY_MS, PER_PAGE, RunLink } from "./parts";

type Comparison = Schema["ReconciliationReply"];

const INDICES = [
  "prices",
  "deals",
  "tokens",
  "runs",
] as const satisfies readonly Schema["Rebuildable"][];

/** Whether Elasticsearch holds what PostgreSQL holds, and how to make an index anew. */
export function Search() {
  const { t } = useTexts();
  const [index, setIndex] = useState<Schema["Rebuildable"]>("prices");
  const { query, pages } = usePages(
    ["operations", "reconciliations"],
    (cursor) =>
      read(
        api.GET("/api/v1/reconciliations", {
          params: { query: { limit: PER_PAGE, total: true, ...(cursor && { cursor }) } },
        }),
      ),
    EVERY_MS,
  );
  const rebuild = useMutation({
    mutationFn: () =>
      read(api.POST("/api/v1/search/rebuilds", { body: { index, keep_former: false } })),
  });
  const columns: Column<Comparison>[] = [
    {
      head: t("operations.mirror"),
      cell: (one) => (
        <>
          <strong>{one.mirror}</strong>
          {one.is_dry_run && <span className="secondary"> · {t("operations.dryRun")}</span>}
        </>
      ),
    },
    { head: t("operations.at"), cell: (one) => <When at={one.compared_at} /> },
    {
      head: t("operations.found"),
      cell: (one) =>
        one.different === 0 ? (
          <State kind="good" says={t("operations.same")} />
        ) : (
          <>
            <State kind="warn" says={t("operations.differs", { days: one.different })} />
            {one.examples.length > 0 && <p className="secondary">{one.examples.join("; ")}</p>}
          </>
        ),
    },
    { head: t("operations.missing"), cell: (one) => <Count of={one.missing} />, isNumber: true },
    { head: t("operations.outdated"), cell: (one) => <Count of={one.outdated} />, isNumber: true },
    { head: t("operations.surplus"), cell: (one) => <Count of={one.surplus} />, isNumber: true },
    { head: t("operations.refused"), cell: (one) => <Count of={one.refused} />, isNumber: true },
    { head: t("operations.runOf"), cell: (one) => <RunLink id={one.run_id} /> },
  ];
  return (
    <>
      <section className={styles.section}>
        <h2>{t("operations.rebuild")}</h2>
        <p className="muted">{t("operations.rebuildAbout")}</p>
        <div className={styles.row}>
          <Choice
            label={t("operations.index")}
            value={index}
            onChange={(event) => setIndex(event.target.value as Schema["Rebuildable"])}
            options={INDICES.map((one) => [one, t(`operations.index.${one}`)])}
          />
          <Asked request={rebuild}>{t("operations.rebuildDo")}</Asked>
        </div>
      </section>
      <section className={styles.section}>
        <Listing
          title={t("operations.comparisons")}
          query={query}
          pages={pages}
          columns={columns}
          keyOf={(one) => one.id}
          label={t("operations.comparisons")}
          empty={t("operations.noComparisons")}
          hint={t("operations.noComparisonsHint")}
        />
      </section>
    </>
  );
}
