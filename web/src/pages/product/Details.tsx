import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { api, type Locale, type PriceType, read, type Schema } from "../../api/client";
import { momentText } from "../../format";
import { useTexts } from "../../texts/texts";
import styles from "./Tabs.module.css";

interface Props {
  product: Schema["ProductPricesReply"];
  domain: Locale;
  priceType: PriceType;
}

/** Where the newest point comes from: Keepa's time, Keeper's check, the run that brought it. */
export default function Details({ product, domain, priceType }: Props) {
  const { t, language } = useTexts();
  const { asin } = product;
  const query = { domain, price_type: priceType };
  const origin = useQuery({
    queryKey: ["product", domain, asin, "origin", query],
    queryFn: () =>
      read(api.GET("/api/v1/prices/{asin}/origin", { params: { path: { asin }, query } })),
  });
  const price = product.prices.find((one) => one.price_type === priceType);
  const run = origin.data?.run_id;
  const moment = (at: string | null | undefined) =>
    at ? <time dateTime={at}>{momentText(new Date(at), language)}</time> : t("time.never");
  const source = price?.source === "simulator" ? "simulator" : "keepa";
  const facts: [string, ReactNode][] = [
    [t("product.asin"), asin],
    [t("product.type"), t(`type.${priceType}`)],
    [t("product.source"), price?.source ? t(`product.source.${source}`) : t("time.never")],
    [t("product.priceSince"), moment(price?.observed_at)],
    [t("product.keepaTime"), moment(price?.seen_at)],
    [t("product.ourCheck"), moment(price?.checked_at)],
    ...(run ? ([[t("product.run"), run]] as [string, ReactNode][]) : []),
  ];
  return (
    <dl className={styles.details}>
      {facts.map(([name, value]) => (
        <Fact key={name} name={name} value={value} />
      ))}
    </dl>
  );
}

function Fact({ name, value }: { name: string; value: ReactNode }) {
  return (
    <>
      <dt className="muted">{name}</dt>
      <dd>{value}</dd>
    </>
  );
}
