import { lazy, Suspense, useState } from "react";
import type { Locale, PriceType, Schema } from "../../api/client";
import { useFailure } from "../../components/Failed";
import { Skeleton } from "../../components/Skeleton";
import { dayText, percentText, regionOf, siteMoney, weekdayText } from "../../format";
import { useTexts } from "../../texts/texts";
import { against } from "./against";
import styles from "./Figures.module.css";
import { useStatistics, useWeekdays } from "./useStatistics";

// Seen on request alone.
const AllFigures = lazy(() => import("./AllFigures"));

interface Props {
  asin: string;
  domain: Locale;
  priceType: PriceType;
}

type Window = Schema["WindowReply"];

const QUARTER = 90;
/** Weekdays closer together than this differ by chance. */
const LEAST_DIFFERENCE = 0.5;

/** What a price was at least, at most and on average: the few figures first, the table on request. */
export function Figures({ asin, domain, priceType }: Props) {
  const { t, language } = useTexts();
  const statistics = useStatistics(asin, domain, priceType);
  const [isOpen, setOpen] = useState(false);
  const byWeekday = useWeekdays(asin, domain, priceType);
  const { data } = statistics;
  const failure = useFailure(statistics);
  if (!data) return failure ?? <Skeleton lines={1} height={64} />;
  const { windows, percentile } = data;
  const weekdays = byWeekday.data?.items ?? [];
  const ever = windows.find(({ days }) => days === null);
  const quarter = windows.find(({ days }) => days === QUARTER);
  const dayOf = (at: string | null) => (at ? dayText(new Date(at), language) : "");
  const best = bestWeekday(weekdays);
  const facts: [string, string, string?][] = [];
  if (ever?.lowest)
    facts.push([t("product.lowestKnown"), siteMoney(ever.lowest, domain), dayOf(ever.lowest_at)]);
  if (quarter?.lowest) {
    const at = dayOf(quarter.lowest_at);
    facts.push([t("product.lowestQuarter"), siteMoney(quarter.lowest, domain), at]);
  }
  if (quarter?.average)
    facts.push([t("product.averageQuarter"), siteMoney(quarter.average, domain)]);
  if (quarter && quarter.share_with_offer !== null) {
    const share = percentText(1 - quarter.share_with_offer, language);
    facts.push([t("product.outOfStock"), share]);
    facts.push([t("product.changesWeek"), perWeek(quarter, language)]);
  }
  if (percentile !== null) {
    const percent = percentText(percentile / 100, language);
    facts.push([t("product.percentile"), t("product.percentileOf", { percent })]);
  }
  if (weekdays.length > 0) {
    facts.push([
      t("product.bestWeekday"),
      best ? weekdayText(best.weekday, language) : t("product.noWeekday"),
      best?.of_average_percent ? against(best.of_average_percent, language) : "",
    ]);
  }

  return (
    <section className={styles.figures}>
      <h2 className="unseen">{t("product.figures")}</h2>
      {failure}
      <dl className={styles.facts}>
        {facts.map(([name, value, beneath]) => (
          <div key={name}>
            <dt className="secondary">{name}</dt>
            <dd className="figures">{value}</dd>
            {beneath && <dd className="secondary">{beneath}</dd>}
          </div>
        ))}
      </dl>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{t("product.allFigures")}</summary>
        {isOpen && (
          <Suspense fallback={<Skeleton lines={6} height={40} />}>
            <AllFigures windows={windows} weekdays={weekdays} domain={domain} />
          </Suspense>
        )}
      </details>
    </section>
  );
}

/** Return how often a price changes a week, over the time that is known. */
function perWeek({ changes, known_since }: Window, language: string): string {
  const weeks = (Date.now() - Date.parse(known_since)) / (7 * 86_400_000);
  const often = changes / Math.max(weeks, 1 / 7);
  return new Intl.NumberFormat(regionOf(language), { maximumFractionDigits: 1 }).format(often);
}

function bestWeekday(weekdays: readonly Schema["WeekdayReply"][]) {
  const known = weekdays.filter((one) => one.of_average_percent !== null);
  const sorted = [...known].sort(
    (a, b) => Number(a.of_average_percent) - Number(b.of_average_percent),
  );
  const [best] = sorted;
  return best && Number(best.of_average_percent) <= 100 - LEAST_DIFFERENCE ? best : null;
}
