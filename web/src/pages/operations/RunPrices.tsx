import { Link } from "wouter";
import { api, read, type Schema } from "../../api/client";
import { Listing } from "../../components/Listing";
import type { Column } from "../../components/Table";
import { When } from "../../components/When";
import { siteMoney, siteOf } from "../../format";
import { useTexts } from "../../texts/texts";
import { usePages } from "../../usePages";
import { EVERY_MS, PER_PAGE } from "./parts";

type RunPrice = Schema["RunPriceReply"];

/** The products whose current price came with a run, each leading to its page. */
export function RunPrices({ runId }: { runId: string }) {
  const { t } = useTexts();
  const { query, pages } = usePages(
    ["operations", "run-prices", runId],
    (cursor) =>
      read(
        api.GET("/api/v1/run-prices", {
          params: { query: { run_id: runId, limit: PER_PAGE, ...(cursor && { cursor }) } },
        }),
      ),
    EVERY_MS,
  );
  const columns: Column<RunPrice>[] = [
    {
      head: t("operations.product"),
      cell: (one) => (
        <Link href={`/products/${one.domain}/${one.asin}?type=${one.price_type}`} dir="auto">
          {one.title ?? one.asin}
        </Link>
      ),
    },
    {
      head: t("operations.locale"),
      cell: (one) => `${siteOf(one.domain)} · ${one.price_type}`,
    },
    { head: t("operations.since"), cell: (one) => <When at={one.observed_at} /> },
    { head: t("operations.price"), cell: (one) => <Price of={one} />, isNumber: true },
  ];
  return (
    <Listing
      title={t("operations.itsPrices")}
      query={query}
      pages={pages}
      columns={columns}
      keyOf={(one) => `${one.domain} ${one.asin} ${one.price_type}`}
      label={t("operations.itsPrices")}
      empty={t("operations.noPrices")}
      hint={t("operations.noPricesHint")}
    />
  );
}

function Price({
  of: { price, domain, is_price_hidden: isHidden, is_implausible },
}: {
  of: RunPrice;
}) {
  const { t } = useTexts();
  if (price === null) {
    return <span className="muted">{t(isHidden ? "price.hidden" : "price.noOffer")}</span>;
  }
  return (
    <>
      {siteMoney(price, domain)}
      {is_implausible && <span className="warn"> {t("price.implausible")}</span>}
    </>
  );
}
