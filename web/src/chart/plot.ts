import uPlot from "uplot";
import { digitsOf, moneyTexts, regionOf } from "../format";
import { colour } from "./colours";
import { drawGaps, drawOverlay } from "./drawing";
import { type ChartSeries, colourOf, dashOf, type Overlay, scaleOf } from "./series";
import { gapsWithin, roundUp, type Span, stepsWithin } from "./steps";

const DAY_S = 86_400;
const LEAST_DRAG_PX = 4;
const CHARACTER_PX = 7;
const GRIP_PX = 26;
/** A target further away than this share of the highest price would flatten what is drawn. */
const FAR = 0.4;

interface Ways {
  language: string;
  overlay: () => Overlay;
  span: () => Span;
  series: () => readonly ChartSeries[];
  onZoom: (span: Span) => void;
  onReset: () => void;
  onMove: (at: number) => void;
  onDrawn: (plot: uPlot) => void;
}

/** Draw series, the first of which is the watched one, into an element. Which there are stays the
 * same for as long as the plot is there; what they hold may change. */
export function makePlot(element: HTMLElement, height: number, ways: Ways): uPlot {
  const series = ways.series();
  const [watched] = series;
  if (watched === undefined) throw new Error("a chart of nothing");
  const currencies = [...new Map(series.map((one) => [one.currency, one])).values()];
  const options: uPlot.Options = {
    width: element.clientWidth,
    height,
    // On the right there is room for what the target is dragged by.
    padding: [null, GRIP_PX, null, null],
    tzDate: (seconds) => new Date(seconds * 1000),
    legend: { show: false },
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false, dist: LEAST_DRAG_PX },
      bind: {
        dblclick: () => () => {
          ways.onReset();
          return null;
        },
      },
    },
    scales: {
      x: { time: true, range: (_, low, high) => [low, high] },
      ...Object.fromEntries(
        currencies.map(({ currency }) => [
          scaleOf(currency),
          {
            range: (_: uPlot, low: number | null, high: number | null): [number, number] =>
              spread(low, high, currency === watched.currency ? ways.overlay().target : null),
          },
        ]),
      ),
    },
    axes: [timeAxis(ways.language), ...currencies.map(amountAxis)],
    series: [
      {},
      ...series.map(({ look, currency }) => ({
        scale: scaleOf(currency),
        stroke: colour(colourOf(look)),
        width: 1.5,
        dash: dashOf(look),
        paths: stepsPath,
        points: { show: false },
      })),
    ],
    hooks: {
      drawAxes: [
        (plot) => {
          const steps = ways.series()[0]?.steps;
          if (steps) drawGaps(plot, gapsWithin(steps, ways.span()));
        },
      ],
      draw: [
        (plot) => {
          drawOverlay(plot, ways.overlay(), watched.currency);
          ways.onDrawn(plot);
        },
      ],
      setCursor: [
        (plot) => {
          const { left } = plot.cursor;
          if (left != null && left >= 0) ways.onMove(plot.posToVal(left, "x"));
        },
      ],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < LEAST_DRAG_PX) return;
          const [from, to] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          ways.onZoom({ from: Math.floor(from), to: Math.ceil(to) });
        },
      ],
    },
  };
  return new uPlot(options, dataWithin(series, ways.span()), element);
}

/** Return the line of a series: level until the next point, and none where there is no offer. */
function stepsPath(plot: uPlot, place: number): uPlot.Series.Paths {
  const stroke = new Path2D();
  const [times] = plot.data;
  const scale = plot.series[place]?.scale ?? "";
  let before: number | null = null;
  plot.data[place]?.forEach((amount, at) => {
    // Only another series has a point there.
    if (amount === undefined) return;
    if (amount === null) {
      before = null;
      return;
    }
    const x = plot.valToPos(times[at] as number, "x", true);
    const y = plot.valToPos(amount, scale, true);
    if (before === null) stroke.moveTo(x, y);
    else {
      stroke.lineTo(x, before);
      stroke.lineTo(x, y);
    }
    before = y;
  });
  return { stroke };
}

/** Return what is drawn of series within a span: columns over the times of all of them. */
export function dataWithin(series: readonly ChartSeries[], span: Span): uPlot.AlignedData {
  const tables = series.map((one): uPlot.AlignedData => {
    const { times, amounts } = stepsWithin(one.steps, span);
    return [times, amounts];
  });
  return tables.length === 1 && tables[0] ? tables[0] : uPlot.join(tables);
}

/** Show another span. */
export function showSpan(plot: uPlot, series: readonly ChartSeries[], span: Span): void {
  plot.batch(() => {
    plot.setData(dataWithin(series, span), false);
    plot.setScale("x", { min: span.from, max: span.to });
  });
}

/** Return the least amount that moving by a pixel means, as a round number of minor units. */
export function amountStep(plot: uPlot, currency: string): number {
  const scale = scaleOf(currency);
  return roundUp(Math.abs(plot.posToVal(0, scale) - plot.posToVal(1, scale)));
}

function amountAxis({ currency, domain }: ChartSeries, place: number): uPlot.Axis {
  const isFirst = place === 0;
  return {
    scale: scaleOf(currency),
    side: isFirst ? 3 : 1,
    stroke: colour("--muted"),
    grid: { show: isFirst, stroke: colour("--line"), width: 1 },
    ticks: { show: false },
    gap: 6,
    size: (_, values) =>
      Math.max(...(values ?? [""]).map((text) => text.length), 4) * CHARACTER_PX + 12,
    values: (_, splits) => moneyTexts(splits, currency, domain),
    incrs: increments(currency),
  };
}

function timeAxis(language: string): uPlot.Axis {
  return {
    stroke: colour("--muted"),
    grid: { show: false },
    ticks: { stroke: colour("--line"), size: 4 },
    space: 64,
    values: (_, splits, __, ___, step) =>
      splits.map((seconds) => momentLabel(new Date(seconds * 1000), step, language)),
  };
}

/** Return what stands beneath a moment on an axis whose moments are so many seconds apart. */
function momentLabel(at: Date, step: number, language: string): string {
  if (step >= 360 * DAY_S) return String(at.getFullYear());
  if (step >= 28 * DAY_S) {
    const isNewYear = at.getMonth() === 0;
    return at.toLocaleDateString(
      regionOf(language),
      isNewYear ? { year: "numeric" } : { month: "short" },
    );
  }
  if (step >= DAY_S || (at.getHours() === 0 && at.getMinutes() === 0)) {
    return at.toLocaleDateString(regionOf(language), { day: "numeric", month: "short" });
  }
  return at.toLocaleTimeString(regionOf(language), { hour: "2-digit", minute: "2-digit" });
}

/** Return an axis of amounts: from a little below the lowest to a little above the highest. */
function spread(low: number | null, high: number | null, target: number | null): [number, number] {
  if (low === null || high === null) return target === null ? [0, 1] : [target * 0.9, target * 1.1];
  const isNear = target !== null && target > low - high * FAR && target < high * (1 + FAR);
  const least = isNear ? Math.min(low, target) : low;
  const most = isNear ? Math.max(high, target) : high;
  const room = Math.max((most - least) * 0.08, most * 0.01, 1);
  return [Math.max(0, least - room), most + room];
}

/** Return the steps between the lines of an axis: round amounts, not round minor units. */
function increments(currency: string): number[] {
  const smallest = 10 ** Math.max(0, digitsOf(currency) - 1);
  const steps: number[] = [];
  for (let size = smallest; size < 1e12; size *= 10) steps.push(size, size * 2, size * 5);
  return steps;
}
