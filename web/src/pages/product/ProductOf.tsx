import { lazy, Suspense, useMemo, useState } from "react";
import { useSearchParams } from "wouter";
import type { Locale, PriceType, Schema, Watch } from "../../api/client";
import type { Mark } from "../../chart/series";
import { Button, ExternalLink } from "../../components/Button";
import { useTitle } from "../../components/Page";
import { PriceText } from "../../components/PriceText";
import { Simulated } from "../../components/Simulated";
import { Skeleton } from "../../components/Skeleton";
import { minorOf, siteOf } from "../../format";
import { useTexts, withTexts } from "../../texts/texts";
import type { Edited } from "../rules/AlertPanel";
import type { Draft } from "../rules/draft";
import { CheckNow } from "./CheckNow";
import { Figures } from "./Figures";
import { Head } from "./Head";
import { History } from "./History";
import styles from "./Product.module.css";
import { hasShippingApart } from "./priceTypes";
import { useAlerts } from "./useAlerts";
import { type SeriesName, useWhole } from "./useChartSeries";
import { useLocales } from "./useLocales";
import { useAssessment, Verdict } from "./Verdict";

// Neither is seen first.
const AlertPanel = withTexts(
  ["rules"],
  lazy(() => import("../rules/AlertPanel")),
);
const Tabs = lazy(() => import("./Tabs"));

interface Props {
  product: Schema["ProductPricesReply"];
  domain: Locale;
  priceType: PriceType;
  /** One's own watch of this price. */
  watch: Watch | undefined;
  /** What was typed of a watch that is not there yet, before another type of price was chosen. */
  begun: Draft | null;
  onBegun: (draft: Draft | null) => void;
}

/** One price of a product: whether it is good, its history, its alert, and what else is known. */
export function ProductOf({ product, domain, priceType, watch, begun, onBegun }: Props) {
  const { t } = useTexts();
  const { asin, currency } = product;
  const title = product.title ?? asin;
  useTitle(title);
  const [search, setSearch] = useSearchParams();
  const [isEditing, setEditing] = useState(search.has("edit"));
  const [edited, setEdited] = useState<Edited | null>(null);
  const [dragged, setDragged] = useState<{ minor: number } | null>(null);
  const price = product.prices.find((one) => one.price_type === priceType);
  const names = useNames(product, domain, priceType);
  const alerts = useAlerts(watch?.id);
  const withShipping =
    !hasShippingApart(priceType) || (edited?.withShipping ?? watch?.with_shipping ?? true);
  const isKnown = price !== undefined;
  const assessment = useAssessment({ asin, domain, priceType, withShipping, isKnown });
  // The chart asks for the same: its answer is on its way while the sentence is waited for.
  useWhole(asin, names[0], withShipping, isKnown);
  const saved = dragged?.minor ?? watch?.target?.minor ?? null;
  const target = edited ? minorOf(edited.target, currency) : saved;
  const close = () => {
    setEditing(false);
    setEdited(null);
    setDragged(null);
    onBegun(null);
  };

  const raised = useMemo(
    () =>
      alerts.items.map(
        (one): Mark => ({
          at: secondsOf(one.observed_at),
          amount: landed(one, withShipping),
          says: t("chart.alert", { reason: one.reason }),
        }),
      ),
    [alerts.items, withShipping, t],
  );
  const tried = useMemo(
    () =>
      (edited?.alerts ?? []).map(
        (one): Mark => ({
          at: secondsOf(one.at),
          amount: one.price?.minor ?? null,
          says: t("chart.tried", { reason: one.reasons.join("; ") }),
        }),
      ),
    [edited?.alerts, t],
  );
  const setTarget = (minor: number) => {
    setEditing(true);
    setDragged({ minor });
  };

  // One that failed is asked again meanwhile: what somebody types stays.
  if (assessment.isLoading && !assessment.isFetched) return <Skeleton lines={10} height={40} />;
  const shown = (
    <article className={styles.product}>
      <Head product={product} domain={domain} price={price} priceType={priceType} />
      {!price && <p className="muted">{t("product.noHistory")}</p>}
      {price && (
        <p className={styles.now}>
          <span className={styles.amount}>
            <PriceText price={price} domain={domain} />
          </span>
          <Verdict found={assessment.data} domain={domain} />
        </p>
      )}
      <div className={styles.actions}>
        <Button
          look="main"
          aria-expanded={isEditing}
          onClick={isEditing ? close : () => setEditing(true)}
        >
          {t(watch ? "product.edit" : "product.watch")}
        </Button>
        {watch && <CheckNow asin={asin} domain={domain} />}
        <ExternalLink to={product.url}>{t("product.open", { site: siteOf(domain) })}</ExternalLink>
      </div>
      <div className={isEditing ? styles.beside : styles.alone}>
        {price && (
          <History
            title={title}
            asin={asin}
            names={names}
            withShipping={withShipping}
            target={target}
            alerts={raised}
            tried={tried}
            onTarget={setTarget}
          />
        )}
        {isEditing && (
          <Suspense fallback={<Skeleton lines={8} height={40} />}>
            <AlertPanel
              asin={asin}
              domain={domain}
              currency={currency}
              watch={watch}
              priceType={priceType}
              dragged={dragged}
              onEdited={setEdited}
              begun={begun}
              onPriceType={(type, draft) => {
                onBegun(draft);
                setSearch({ type, edit: "" });
              }}
              onClose={close}
            />
          </Suspense>
        )}
      </div>
      {price && (
        <>
          <Figures asin={asin} domain={domain} priceType={priceType} />
          <Suspense fallback={<Skeleton lines={8} height={40} />}>
            <Tabs
              product={product}
              domain={domain}
              priceType={priceType}
              watch={watch}
              alerts={alerts}
            />
          </Suspense>
        </>
      )}
    </article>
  );
  return (
    <>
      <Simulated of={price ? [price] : []} />
      {shown}
    </>
  );
}

/** Return which prices the chart can show: this one, the product's others, and other sites'. */
function useNames(
  product: Schema["ProductPricesReply"],
  domain: Locale,
  priceType: PriceType,
): readonly [SeriesName, ...SeriesName[]] {
  const { t } = useTexts();
  const locales = useLocales(product.asin, priceType);
  return useMemo(() => {
    const label = (site: Locale, type: PriceType) =>
      t("product.provenance", { site: siteOf(site), type: t(`type.${type}`) });
    const others = product.prices
      .map((one) => ({ domain, priceType: one.price_type as PriceType }))
      .filter((one) => one.priceType !== priceType);
    const elsewhere = (locales.data?.items ?? [])
      .map((one) => ({ domain: one.domain as Locale, priceType }))
      .filter((one) => one.domain !== domain);
    const named = [...others, ...elsewhere].map((one, place) => ({
      ...one,
      label: label(one.domain, one.priceType),
      look: place + 1,
    }));
    return [{ domain, priceType, label: label(domain, priceType), look: 0 }, ...named];
  }, [product, domain, priceType, locales.data, t]);
}

function secondsOf(at: string): number {
  return Date.parse(at) / 1000;
}

function landed({ price, shipping }: Schema["AlertReply"], withShipping: boolean): number | null {
  return price && price.minor + (withShipping ? (shipping?.minor ?? 0) : 0);
}
