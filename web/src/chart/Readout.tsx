import { minuteText, momentText, moneyText } from "../format";
import { useTexts } from "../texts/texts";
import styles from "./Chart.module.css";
import type { ChartSeries, Mark, Overlay } from "./series";
import { placeAt, type Span } from "./steps";

interface Props {
  /** The moment that is pointed at; null for none. */
  at: number | null;
  series: readonly ChartSeries[];
  overlay: Overlay;
  span: Span;
  /** Whether a screen reader says it: by keys, not for each move of a mouse. */
  isLive: boolean;
}

/** How much of the span around a moment counts as pointing at a mark. */
const NEAR = 0.008;

/** What was at the moment that is pointed at: each price, since when, and what it was before. */
export function Readout({ at, series, overlay, span, isLive }: Props) {
  const { t, language } = useTexts();
  if (at === null) return <p>{t("chart.keys")}</p>;
  const near = (span.to - span.from) * NEAR;
  const marks = [...overlay.alerts, ...overlay.tried, ...overlay.unconfirmed].filter(
    (mark) => Math.abs(mark.at - at) <= near,
  );
  return (
    <div aria-live={isLive ? "polite" : "off"}>
      <p>{momentText(new Date(at * 1000), language)}</p>
      {series.map((one) => (
        <p key={one.key}>
          {series.length > 1 && <span className={styles.name}>{one.label}</span>} {held(one, at)}
        </p>
      ))}
      {unique(marks).map((mark) => (
        <p key={`${mark.at}${mark.says}`}>{mark.says}</p>
      ))}
    </div>
  );

  function held({ steps, currency, domain }: ChartSeries, moment: number): string {
    const place = placeAt(steps.times, moment);
    if (place === null) return t("chart.notKnown");
    const amount = (minor: number | null | undefined) =>
      minor == null ? t("chart.noOffer") : moneyText(minor, currency, domain);
    const since = minuteText(new Date((steps.times[place] as number) * 1000), language);
    const values = { amount: amount(steps.amounts[place]), since };
    if (place === 0) return t("chart.heldFirst", values);
    return t("chart.held", { ...values, before: amount(steps.amounts[place - 1]) });
  }
}

function unique(marks: readonly Mark[]): Mark[] {
  return [...new Map(marks.map((mark) => [`${mark.at}${mark.says}`, mark])).values()];
}
