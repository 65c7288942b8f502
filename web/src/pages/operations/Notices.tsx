import { useState } from "react";
import { api, read, type Schema } from "../../api/client";
import { Choice } from "../../components/Field";
import { Listing } from "../../components/Listing";
import { State } from "../../components/State";
import type { Column } from "../../components/Table";
import { When } from "../../components/When";
import { useTexts } from "../../texts/texts";
import { usePages } from "../../usePages";
import { Count, EVERY_MS, PER_PAGE } from "./parts";

/** What Keeper wants its operator to know or to do. */
export function Notices() {
  const { t } = useTexts();
  const [withResolved, setWithResolved] = useState(false);
  const { query, pages } = usePages(
    ["operations", "notices", withResolved],
    (cursor) =>
      read(
        api.GET("/api/v1/notices", {
          params: {
            query: {
              with_resolved: withResolved,
              limit: PER_PAGE,
              total: true,
              ...(cursor && { cursor }),
            },
          },
        }),
      ),
    EVERY_MS,
  );
  const columns: Column<Schema["NoticeReply"]>[] = [
    {
      head: t("operations.notice"),
      cell: (notice) => (
        <>
          <strong>{notice.subject}</strong>
          <p>{notice.details}</p>
          <span className="secondary">{notice.topic}</span>
        </>
      ),
    },
    {
      head: t("operations.state"),
      cell: (notice) =>
        notice.resolved_at === null ? (
          <State kind="warn" says={t("operations.lasts")} />
        ) : (
          <>
            <State kind="good" says={t("operations.resolved")} /> <When at={notice.resolved_at} />
          </>
        ),
    },
    { head: t("operations.sinceWhen"), cell: (notice) => <When at={notice.since} /> },
    { head: t("operations.lastSeen"), cell: (notice) => <When at={notice.last_seen_at} /> },
    { head: t("operations.times"), cell: (notice) => <Count of={notice.times} />, isNumber: true },
    { head: t("operations.notified"), cell: (notice) => notice.notified ?? "–" },
  ];
  return (
    <Listing
      query={query}
      pages={pages}
      columns={columns}
      keyOf={(notice) => notice.id}
      label={t("operations.notices")}
      empty={t("operations.noNotices")}
      hint={t("operations.noNoticesHint")}
      filters={
        <Choice
          label={t("operations.which")}
          value={withResolved ? "all" : "open"}
          onChange={(event) => setWithResolved(event.target.value === "all")}
          options={[
            ["open", t("operations.openNotices")],
            ["all", t("operations.allNotices")],
          ]}
        />
      }
    />
  );
}
