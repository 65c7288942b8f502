import { useMemo, useState } from "react";
import type { Schema } from "../../api/client";
import { Chart } from "../../chart/Chart";
import type { ChartSeries, Mark, Overlay } from "../../chart/series";
import { figuresWithin, type Span } from "../../chart/steps";
import { Failed } from "../../components/Failed";
import { Segmented } from "../../components/Segmented";
import { Skeleton } from "../../components/Skeleton";
import { moneyText } from "../../format";
import { useTexts } from "../../texts/texts";
import { useNow } from "../../useNow";
import styles from "./History.module.css";
import { Legend, type LineName } from "./Legend";
import { keyOf, type SeriesName, useChartSeries } from "./useChartSeries";

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
/** Of the head, the chart and its keys: what is not read yet takes as much room. */
const CHART_PX = 440;

interface Props {
  title: string;
  asin: string;
  /** The watched one first. */
  names: readonly [SeriesName, ...SeriesName[]];
  withShipping: boolean;
  target: number | null;
  alerts: readonly Mark[];
  tried: readonly Mark[];
  onTarget: ((minor: number) => void) | undefined;
}

/** A product's prices as a chart: what is drawn, of which time, and what is marked in it. */
export function History({
  title,
  asin,
  names,
  withShipping,
  target,
  alerts,
  tried,
  onTarget,
}: Props) {
  const { t } = useTexts();
  const [range, setRange] = useState<Range>("quarter");
  const [zoom, setZoom] = useState<Span | null>(null);
  const [added, setAdded] = useState<readonly string[]>([]);
  const [lines, setLines] = useState<readonly LineName[]>([]);
  const shown = useMemo(
    () =>
      names.filter((name, place) => place === 0 || added.includes(keyOf(name))) as [
        SeriesName,
        ...SeriesName[],
      ],
    [names, added],
  );
  // What was read last holds until now.
  const now = Math.ceil(useNow().getTime() / 1000);
  const seconds = RANGES[range];
  const part = useMemo(
    () => zoom ?? (seconds === null ? null : { from: now - seconds, to: now }),
    [zoom, seconds, now],
  );
  const { series, whole, isPending, error, retry } = useChartSeries(
    asin,
    shown,
    withShipping,
    part,
  );
  const first = whole?.times[0] ?? now;
  const span = useMemo(
    () => part ?? { from: Math.min(first, now - DAY_S), to: now },
    [part, first, now],
  );
  const [main] = series;
  const overlay = useOverlay(main, whole, span, { target, alerts, tried, lines });

  return (
    <section className={styles.history}>
      <div className={styles.head}>
        <h2>{t("product.history")}</h2>
        <Segmented
          label={t("product.range")}
          value={range}
          onChange={(wanted) => {
            setRange(wanted);
            setZoom(null);
          }}
          options={(Object.keys(RANGES) as Range[]).map((one) => [one, t(`range.${one}`)])}
        />
      </div>
      {isPending && <Skeleton lines={1} height={CHART_PX} />}
      {error && retry && <Failed error={error} retry={retry} />}
      {whole?.times.length === 0 && <p className="muted">{t("product.noHistory")}</p>}
      {main && whole && whole.times.length > 0 && (
        <>
          <Chart
            title={title}
            series={series as [ChartSeries, ...ChartSeries[]]}
            span={span}
            overlay={overlay}
            onZoom={(wanted) => setZoom(within(wanted, first, now))}
            onReset={() => setZoom(null)}
            onTarget={onTarget}
          />
          <Legend
            names={names}
            shown={shown.map(keyOf)}
            onToggle={(key) => setAdded((keys) => toggled(keys, key))}
            lines={lines}
            onLine={(line) => setLines((all) => toggled(all, line))}
            overlay={overlay}
            hasGaps={whole.amounts.includes(null)}
            onReset={zoom ? () => setZoom(null) : null}
          />
        </>
      )}
    </section>
  );
}

interface Wanted extends Pick<Overlay, "target" | "alerts" | "tried"> {
  lines: readonly LineName[];
}

function useOverlay(
  main: ChartSeries | undefined,
  whole: Schema["HistoryColumns"] | undefined,
  span: Span,
  { target, alerts, tried, lines }: Wanted,
): Overlay {
  const { t } = useTexts();
  return useMemo(() => {
    const text = (minor: number) => (main ? moneyText(minor, main.currency, main.domain) : "");
    const figures = main && lines.length > 0 ? figuresWithin(main.steps, span) : null;
    const says = { lowest: "product.lowestOf", average: "product.averageOf" } as const;
    return {
      target,
      targetSays: target === null ? "" : t("chart.target", { amount: text(target) }),
      alerts,
      tried,
      lines: lines.flatMap((line) =>
        figures
          ? [{ amount: figures[line], says: t(says[line], { amount: text(figures[line]) }) }]
          : [],
      ),
      unconfirmed: (whole?.implausible_times ?? []).map((at, place) => {
        const amount = whole?.implausible_amounts[place] ?? null;
        const said = amount === null ? t("chart.noOffer") : text(amount);
        return { at, amount, says: t("chart.unconfirmed", { amount: said }) };
      }),
    };
  }, [main, whole, span, target, alerts, tried, lines, t]);
}

/** Return a span that does not leave what is known. */
function within({ from, to }: Span, first: number, now: number): Span | null {
  const span = { from: Math.max(from, first), to: Math.min(to, now) };
  return span.from < span.to ? span : null;
}

function toggled<T>(all: readonly T[], one: T): T[] {
  return all.includes(one) ? all.filter((other) => other !== one) : [...all, one];
}
