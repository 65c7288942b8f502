import { api, read, type Schema } from "../../api/client";
import { Listing } from "../../components/Listing";
import type { Column } from "../../components/Table";
import { When } from "../../components/When";
import { useTexts } from "../../texts/texts";
import { usePages } from "../../usePages";
import { EVERY_MS, PER_PAGE } from "./parts";

/** Who did what, from where, and what came of it. */
export function AuditLog() {
  const { t } = useTexts();
  const { query, pages } = usePages(
    ["operations", "audit log"],
    (cursor) =>
      read(
        api.GET("/api/v1/audit-log", {
          params: { query: { limit: PER_PAGE, total: true, ...(cursor && { cursor }) } },
        }),
      ),
    EVERY_MS,
  );
  const columns: Column<Schema["AuditEntryReply"]>[] = [
    { head: t("operations.action"), cell: (entry) => <strong>{entry.action}</strong> },
    { head: t("operations.subject"), cell: (entry) => entry.subject },
    { head: t("operations.result"), cell: (entry) => entry.result },
    {
      head: t("operations.who"),
      cell: (entry) => entry.email ?? t(`operations.actor.${entry.actor}`),
    },
    { head: t("operations.fromWhere"), cell: (entry) => entry.origin ?? "–" },
    { head: t("operations.at"), cell: (entry) => <When at={entry.at} /> },
  ];
  return (
    <Listing
      query={query}
      pages={pages}
      columns={columns}
      keyOf={(entry) => entry.id}
      label={t("operations.auditLog")}
      empty={t("operations.noAudit")}
    />
  );
}
