import { useQuery } from "@tanstack/react-query";
import { useParams } from "wouter";
import { api, read, type Schema } from "../../api/client";
import { Empty } from "../../components/Empty";
import { Read } from "../../components/Listing";
import { type Column, Table } from "../../components/Table";
import { When } from "../../components/When";
import { numberText, siteMoney } from "../../format";
import { useTexts } from "../../texts/texts";
import styles from "./Messages.module.css";
import { MessageList, ProductLink } from "./parts";

type Deal = Schema["ReportedDealReply"];

/** A daily report as it was sent. */
export function Report() {
  const { t } = useTexts();
  const { id } = useParams<{ id: string }>();
  const query = useQuery({
    queryKey: ["messages", "report", id],
    queryFn: () =>
      read(api.GET("/api/v1/reports/{report_id}", { params: { path: { report_id: Number(id) } } })),
  });
  return (
    <Read query={query}>
      {({ report, deals }) => (
        <section className={styles.section}>
          <h2>{t("messages.reportNumber", { id: report.id })}</h2>
          <p className="secondary">
            {t("messages.madeAt")} <When at={report.until} />
          </p>
          <MessageList messages={report.messages} />
          <ReportedDeals deals={deals} leftOut={report.left_out} />
        </section>
      )}
    </Read>
  );
}

/** The deals of a report, the best first, and how many more there are. */
export function ReportedDeals({ deals, leftOut }: { deals: readonly Deal[]; leftOut: number }) {
  const { t, language } = useTexts();
  const columns: Column<Deal>[] = [
    {
      head: t("messages.product"),
      cell: (deal) => <ProductLink {...deal} priceType={deal.price_type} />,
    },
    {
      head: t("messages.price"),
      cell: (deal) => (
        <>
          <strong>{siteMoney(deal.price, deal.domain)}</strong>
          {deal.usual && (
            <>
              <br />
              <span className="secondary">
                {t("messages.usual", { amount: siteMoney(deal.usual, deal.domain) })}
              </span>
            </>
          )}
        </>
      ),
      isNumber: true,
    },
    {
      head: t("messages.score"),
      cell: (deal) => numberText(deal.score, language),
      isNumber: true,
    },
    { head: t("messages.why"), cell: (deal) => deal.reasons.join(", ") },
    { head: t("messages.search"), cell: (deal) => deal.filter },
  ];
  if (deals.length === 0) return <Empty says={t("messages.noDeals")} />;
  return (
    <>
      <Table label={t("messages.deals")} columns={columns} rows={deals} keyOf={(deal) => deal.id} />
      {leftOut > 0 && (
        <p className="secondary">
          {t("messages.leftOut", { count: numberText(leftOut, language) })}
        </p>
      )}
    </>
  );
}
