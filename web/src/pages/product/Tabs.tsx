import { lazy, Suspense, useState } from "react";
import type { Locale, PriceType, Schema, Watch } from "../../api/client";
import { Segmented } from "../../components/Segmented";
import { Skeleton } from "../../components/Skeleton";
import { useTexts } from "../../texts/texts";
import { Changes } from "./Changes";
import styles from "./Tabs.module.css";
import type { useAlerts } from "./useAlerts";

// Only the first is seen without asking for it.
const Alerts = lazy(() => import("./Alerts"));
const Details = lazy(() => import("./Details"));
const Locales = lazy(() => import("./Locales"));

const TABS = ["changes", "alerts", "locales", "details"] as const;
type Tab = (typeof TABS)[number];

interface Props {
  product: Schema["ProductPricesReply"];
  domain: Locale;
  priceType: PriceType;
  watch: Watch | undefined;
  alerts: ReturnType<typeof useAlerts>;
}

/** What else is known of a price; only what is chosen is read. */
export default function Tabs({ product, domain, priceType, watch, alerts }: Props) {
  const { t } = useTexts();
  const [tab, setTab] = useState<Tab>("changes");
  const { asin } = product;
  return (
    <section className={styles.tabs}>
      <h2 className="unseen">{t("product.tabs")}</h2>
      <Segmented
        label={t("product.tabs")}
        value={tab}
        onChange={setTab}
        options={TABS.map((one) => [one, t(`product.tab.${one}`)])}
      />
      {tab === "changes" && <Changes asin={asin} domain={domain} priceType={priceType} />}
      <Suspense fallback={<Skeleton lines={4} height={40} />}>
        {tab === "alerts" && <Alerts watch={watch} alerts={alerts} />}
        {tab === "locales" && <Locales asin={asin} domain={domain} priceType={priceType} />}
        {tab === "details" && <Details product={product} domain={domain} priceType={priceType} />}
      </Suspense>
    </section>
  );
}
