import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useParams, useSearchParams } from "wouter";
import { api, type Locale, type PriceType, read, type Schema } from "../../api/client";
import { Chart } from "../../chart/Chart";
import { ButtonLink, ExternalLink } from "../../components/Button";
import { Failed } from "../../components/Failed";
import { useTitle } from "../../components/Page";
import { Picture } from "../../components/Picture";
import { PriceText } from "../../components/PriceText";
import { Segmented } from "../../components/Segmented";
import { Skeleton } from "../../components/Skeleton";
import { When } from "../../components/When";
import { siteOf } from "../../format";
import { useTexts } from "../../texts/texts";
import styles from "./Product.module.css";
import { Verdict } from "./Verdict";

const DAY_S = 86_400;
const RANGES = {
  day: DAY_S,
  week: 7 * DAY_S,
  month: 30 * DAY_S,
  quarter: 90 * DAY_S,
  year: 365 * DAY_S,
  all: null,
} as const;
type Range = keyof typeof RANGES;
const POINTS = 2_000;

export default function Product() {
  const params = useParams<{ domain: Locale; asin: string }>();
  const [search] = useSearchParams();
  const { domain, asin } = params;
  const product = useQuery({
    queryKey: ["product", domain, asin],
    queryFn: () =>
      read(api.GET("/api/v1/prices/{asin}", { params: { path: { asin }, query: { domain } } })),
  });
  if (product.isPending) return <Skeleton lines={10} height={40} />;
  if (product.error) return <Failed error={product.error} retry={product.refetch} />;
  const types = product.data.prices.map((price) => price.price_type as PriceType);
  const asked = search.get("type") as PriceType | null;
  const type = types.find((known) => known === asked) ?? types[0] ?? "NEW";
  return <ProductOf product={product.data} domain={domain} priceType={type} />;
}

interface Props {
  product: Schema["ProductPricesReply"];
  domain: Locale;
  priceType: PriceType;
}

function ProductOf({ product, domain, priceType }: Props) {
  const { t } = useTexts();
  const { asin } = product;
  const title = product.title ?? asin;
  useTitle(title);
  const watches = useQuery({
    queryKey: ["watches", "of", asin],
    queryFn: () => read(api.GET("/api/v1/watches", { params: { query: { q: asin, limit: 50 } } })),
  });
  const watch = watches.data?.items.find(
    (one) => one.asin === asin && one.domain === domain && one.price_type === priceType,
  );
  const price = product.prices.find((one) => one.price_type === priceType);

  return (
    <article className={styles.product}>
      {price?.source === "simulator" && <p className={styles.simulated}>{t("app.simulated")}</p>}
      <header className={styles.head}>
        <Picture url={product.image_url} source={product.prices[0]?.source} size={72} />
        <div className={styles.words}>
          <h1 dir="auto" className={styles.title}>
            {title}
          </h1>
          <p className="secondary">
            {siteOf(domain)} · {priceType}
            {price?.checked_at && (
              <>
                {" · "}
                {t("price.checkedAt", { time: "" })}
                <When at={price.checked_at} />
              </>
            )}
          </p>
        </div>
      </header>
      {price && (
        <p className={styles.now}>
          <span className={styles.amount}>
            <PriceText price={price} />
          </span>
          <Verdict asin={asin} domain={domain} priceType={priceType} />
        </p>
      )}
      <p className={styles.actions}>
        <ButtonLink to={`/add?url=${encodeURIComponent(product.url)}`} look="main">
          {t(watch ? "product.edit" : "product.watch")}
        </ButtonLink>
        <ExternalLink to={product.url}>{t("product.open", { site: siteOf(domain) })}</ExternalLink>
      </p>
      <History
        title={title}
        asin={asin}
        domain={domain}
        priceType={priceType}
        target={watch?.target?.minor ?? null}
      />
    </article>
  );
}

interface HistoryProps {
  title: string;
  asin: string;
  domain: Locale;
  priceType: PriceType;
  target: number | null;
}

function History({ title, asin, domain, priceType, target }: HistoryProps) {
  const { t } = useTexts();
  const [range, setRange] = useState<Range>("quarter");
  const history = useQuery({
    queryKey: ["product", domain, asin, "history", priceType],
    queryFn: () =>
      read(
        api.GET("/api/v1/prices/{asin}/history/columns", {
          params: { path: { asin }, query: { domain, price_type: priceType, points: POINTS } },
        }),
      ),
  });
  // A chart is drawn anew when these change, so that they are what was read, not when.
  const to = useMemo(() => Math.floor(history.dataUpdatedAt / 1000), [history.dataUpdatedAt]);
  const seconds = RANGES[range];
  const first = history.data?.times[0] ?? to;
  return (
    <section>
      <div className={styles.chartHead}>
        <h2>{t("product.history")}</h2>
        <Segmented
          label={t("product.range")}
          value={range}
          onChange={setRange}
          options={(Object.keys(RANGES) as Range[]).map((one) => [one, t(`range.${one}`)])}
        />
      </div>
      {history.isPending && <Skeleton lines={1} height={346} />}
      {history.error && <Failed error={history.error} retry={history.refetch} />}
      {history.data?.times.length === 0 && <p className="muted">{t("product.noHistory")}</p>}
      {history.data && history.data.times.length > 0 && (
        <Chart
          title={title}
          series={history.data}
          currency={history.data.series.currency}
          domain={domain}
          target={target}
          from={seconds === null ? first : to - seconds}
          to={to}
        />
      )}
    </section>
  );
}
