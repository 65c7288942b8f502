import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { digitsOf, momentText, moneyText } from "../format";
import { useTexts } from "../texts/texts";
import styles from "./Chart.module.css";
import { heldSteps, placeAt, type Steps } from "./steps";

interface Props {
  title: string;
  series: Steps;
  currency: string;
  domain: string;
  /** In minor units; null for none. */
  target: number | null;
  /** Between which seconds; zooming by dragging is the reader's own. */
  from: number;
  to: number;
}

const HEIGHT = 320;

/**
 * A price as it was: steps at their true times, gaps where there was no offer.
 *
 * A picture says nothing to a screen reader: the arrow keys step through the changes, and a line
 * beneath says what was.
 */
export function Chart({ title, series, currency, domain, target, from, to }: Props) {
  const { t, language } = useTexts();
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [shown, setShown] = useState<number | null>(null);
  const scheme = useScheme();

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new scheme has other colours
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const held = heldSteps(series, to);
    const text = (minor: number) => moneyText(minor, currency, domain);
    const options: uPlot.Options = {
      width: element.clientWidth,
      height: HEIGHT,
      tzDate: (seconds) => new Date(seconds * 1000),
      legend: { show: false },
      cursor: { drag: { x: true, y: false, setScale: true }, points: { show: false } },
      scales: { x: { time: true, range: (_, low, high) => [low, high] }, y: { range: spread } },
      axes: [
        { stroke: colour("--muted"), grid: { show: false }, ticks: { stroke: colour("--line") } },
        {
          stroke: colour("--muted"),
          grid: { stroke: colour("--line"), width: 1 },
          ticks: { show: false },
          size: 84,
          values: (_, splits) => splits.map(text),
          incrs: increments(currency),
        },
      ],
      series: [
        {},
        {
          stroke: colour("--series-1"),
          width: 1.5,
          paths: uPlot.paths.stepped?.({ align: 1 }) ?? (() => null),
          points: { show: false },
        },
      ],
      hooks: {
        draw: [(drawn) => drawTarget(drawn, target)],
        setCursor: [
          (moved) => {
            const { left } = moved.cursor;
            if (left === undefined || left === null || left < 0) return;
            setShown(placeAt(series.times, moved.posToVal(left, "x")));
          },
        ],
      },
    };
    const made = new uPlot(options, [held.times, held.amounts], element);
    made.setScale("x", { min: from, max: to });
    plot.current = made;
    const resized = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: HEIGHT }),
    );
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [series, currency, domain, target, from, to, scheme]);

  const step = (by: number) => {
    const newest = series.times.length - 1;
    setShown((at) => Math.max(0, Math.min(newest, at === null ? newest : at + by)));
  };
  const at = shown === null ? undefined : series.times[shown];
  return (
    <figure className={styles.figure}>
      <div
        ref={place}
        role="img"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys step through it
        tabIndex={0}
        className={styles.plot}
        aria-label={t("chart.label", {
          title,
          points: series.times.length,
          from: momentText(new Date(from * 1000), language),
          to: momentText(new Date(to * 1000), language),
        })}
        onKeyDown={(event) => {
          if (event.key === "ArrowLeft") step(-1);
          else if (event.key === "ArrowRight") step(1);
          else return;
          event.preventDefault();
        }}
      />
      <figcaption className="secondary figures" aria-live="polite">
        {at === undefined || shown === null
          ? t("chart.keys")
          : `${amountText(series.amounts[shown])} · ${momentText(new Date(at * 1000), language)}`}
      </figcaption>
    </figure>
  );

  function amountText(amount: number | null | undefined): string {
    return amount == null ? t("chart.noOffer") : moneyText(amount, currency, domain);
  }
}

function drawTarget(plot: uPlot, target: number | null): void {
  if (target === null) return;
  const y = plot.valToPos(target, "y", true);
  const { left, top, width, height } = plot.bbox;
  if (y < top || y > top + height) return;
  const context = plot.ctx;
  context.save();
  context.strokeStyle = colour("--good");
  context.lineWidth = devicePixelRatio;
  context.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  context.beginPath();
  context.moveTo(left, y);
  context.lineTo(left + width, y);
  context.stroke();
  context.restore();
}

/** Return the axis of prices: from a little below the lowest to a little above the highest. */
function spread(_: uPlot, low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  const room = Math.max((high - low) * 0.08, high * 0.01, 1);
  return [Math.max(0, low - room), high + room];
}

/** Return the steps between the lines of the axis: round amounts, not round minor units. */
function increments(currency: string): number[] {
  const smallest = 10 ** Math.max(0, digitsOf(currency) - 1);
  const steps: number[] = [];
  for (let size = smallest; size < 1e12; size *= 10) steps.push(size, size * 2, size * 5);
  return steps;
}

/** Return a colour of the design as it is now, light or dark, which a canvas cannot ask itself. */
function colour(name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function useScheme(): boolean {
  const [isDark, setDark] = useState(() => DARK.matches);
  useEffect(() => {
    const look = () => setDark(DARK.matches);
    DARK.addEventListener("change", look);
    return () => DARK.removeEventListener("change", look);
  }, []);
  return isDark;
}

const DARK = matchMedia("(prefers-color-scheme: dark)");
