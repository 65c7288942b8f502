import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { api, read, type Schema } from "../../api/client";
import { ButtonLink } from "../../components/Button";
import { Empty } from "../../components/Empty";
import { Listing, Read } from "../../components/Listing";
import type { Column } from "../../components/Table";
import { When } from "../../components/When";
import { momentText, numberText } from "../../format";
import { useSession } from "../../session";
import { useTexts } from "../../texts/texts";
import { usePages } from "../../usePages";
import styles from "./Messages.module.css";
import { useOwner } from "./owner";
import { MessageList } from "./parts";
import { ReportedDeals } from "./Report";

const PER_PAGE = 50;
const MOST = 500;

/** The next daily report as it would be now, and those that were sent. */
export function Reports() {
  return (
    <>
      <section className={styles.section}>
        <NextReport />
      </section>
      <section className={styles.section}>
        <SentReports />
      </section>
    </>
  );
}

function NextReport() {
  const { t, language } = useTexts();
  const { me } = useSession();
  const query = useQuery({
    queryKey: ["messages", "next report"],
    queryFn: async () => {
      // Who saves no search gets no report, and the API has none to show.
      const searches = await read(
        api.GET("/api/v1/deal-filters", { params: { query: { owner_id: me.id, limit: MOST } } }),
      );
      if (!searches.items.some(({ status }) => status === "ACTIVE")) return null;
      return read(api.GET("/api/v1/reports/next"));
    },
  });
  return (
    <Read query={query} title={t("messages.nextReport")}>
      {(report) =>
        report === null ? (
          <Empty
            says={t("messages.noReport")}
            hint={t("messages.noReportDo")}
            action={<ButtonLink to="/deals">{t("nav.deals")}</ButtonLink>}
          />
        ) : (
          <>
            <p className="muted">
              {t("messages.reportSince", { moment: momentText(new Date(report.since), language) })}
            </p>
            <ReportedDeals deals={report.deals} leftOut={report.left_out} />
          </>
        )
      }
    </Read>
  );
}

function SentReports() {
  const { t, language } = useTexts();
  const owner = useOwner();
  const { query, pages } = usePages(["messages", "reports", owner.query], (cursor) =>
    read(
      api.GET("/api/v1/reports", {
        params: { query: { ...owner.query, limit: PER_PAGE, ...(cursor && { cursor }) } },
      }),
    ),
  );
  const columns: Column<Schema["ReportReply"]>[] = [
    {
      head: t("messages.made"),
      cell: (report) => (
        <>
          <Link href={`/messages/reports/${report.id}`}>
            {t("messages.reportNumber", { id: report.id })}
          </Link>
          {owner.showsAll && <span className="secondary"> · {report.owner}</span>}
        </>
      ),
    },
    { head: t("messages.at"), cell: (report) => <When at={report.until} /> },
    {
      head: t("messages.deals"),
      cell: (report) => numberText(report.deals, language),
      isNumber: true,
    },
    {
      head: t("messages.sentTo"),
      cell: (report) => <MessageList messages={report.messages} />,
    },
  ];
  return (
    <Listing
      query={query}
      title={t("messages.sentReports")}
      pages={pages}
      columns={columns}
      keyOf={(report) => report.id}
      label={t("messages.sentReports")}
      empty={t("messages.noReports")}
      hint={t("messages.noReportsDo")}
      filters={owner.choice}
    />
  );
}
