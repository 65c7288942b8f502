import { useEffect, useRef, useState } from "react";
import type uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { momentText, moneyText } from "../format";
import { useTexts } from "../texts/texts";
import styles from "./Chart.module.css";
import { useScheme } from "./colours";
import { makePlot, showSpan } from "./plot";
import { Readout } from "./Readout";
import type { ChartSeries, Overlay } from "./series";
import { placeAt, type Span } from "./steps";
import { TargetHandle } from "./TargetHandle";

interface Props {
  title: string;
  /** The watched one first. */
  series: readonly [ChartSeries, ...ChartSeries[]];
  span: Span;
  overlay: Overlay;
  onZoom: (span: Span) => void;
  onReset: () => void;
  /** Without it the target stays where it is. */
  onTarget?: ((minor: number) => void) | undefined;
}

const HEIGHT = 320;
const LEAST_SPAN_S = 3_600;

/**
 * Prices as they were: steps at their true times, gaps where there was no offer.
 *
 * A picture says nothing to a screen reader: the arrow keys step through the changes, and a line
 * beneath says what was. Plus and minus zoom, Escape shows all of the range again.
 */
export function Chart({ title, series, span, overlay, onZoom, onReset, onTarget }: Props) {
  const { t, language } = useTexts();
  const place = useRef<HTMLDivElement>(null);
  const [plot, setPlot] = useState<uPlot | null>(null);
  const [shown, setShown] = useState<number | null>(null);
  const [isByKey, setByKey] = useState(false);
  const scheme = useScheme();
  const handle = useRef<HTMLDivElement>(null);
  // What the plot asks for while it draws is what was rendered last.
  const now = useRef({ series, span, overlay, onZoom, onReset });
  now.current = { series, span, overlay, onZoom, onReset };
  const shape = series.map((one) => `${one.key} ${one.look}`).join();

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new scheme has other colours
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const made = makePlot(element, HEIGHT, {
      language,
      overlay: () => now.current.overlay,
      span: () => now.current.span,
      series: () => now.current.series,
      onZoom: (wanted) => now.current.onZoom(wanted),
      onReset: () => now.current.onReset(),
      onMove: (at) => {
        setByKey(false);
        setShown(at);
      },
      onDrawn: (drawn) => placeHandle(handle.current, drawn, now.current.overlay),
    });
    showSpan(made, now.current.series, now.current.span);
    setPlot(made);
    const resized = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: HEIGHT }),
    );
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      setPlot(null);
    };
  }, [shape, scheme, language]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a target may need another axis
  useEffect(() => {
    if (plot !== null) showSpan(plot, series, span);
  }, [plot, series, span, overlay]);

  const { times } = series[0].steps;
  const step = (by: number) => {
    const first = placeAt(times, span.from) ?? -1;
    const last = placeAt(times, span.to) ?? 0;
    const at = shown === null ? last + Math.min(0, by) + 1 : (placeAt(times, shown) ?? 0) + by;
    const time = times[Math.max(first, 0, Math.min(last, at))];
    if (time === undefined) return;
    setByKey(true);
    setShown(time);
    if (plot !== null) plot.setCursor({ left: plot.valToPos(time, "x"), top: 0 }, false);
  };
  const zoomBy = (factor: number) => {
    const middle = shown ?? (span.from + span.to) / 2;
    const half = Math.max(LEAST_SPAN_S, (span.to - span.from) * factor) / 2;
    onZoom({ from: Math.floor(middle - half), to: Math.ceil(middle + half) });
  };
  const act = (key: string): boolean => {
    if (key === "ArrowLeft") step(-1);
    else if (key === "ArrowRight") step(1);
    else if (key === "+") zoomBy(0.5);
    else if (key === "-") zoomBy(2);
    else if (key === "Escape") onReset();
    else return false;
    return true;
  };
  const label = {
    title,
    points: times.length,
    from: momentText(new Date(span.from * 1000), language),
    to: momentText(new Date(span.to * 1000), language),
  };
  return (
    <figure className={styles.figure}>
      <div className={styles.stage}>
        <div
          ref={place}
          role="img"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys step through it
          tabIndex={0}
          className={styles.plot}
          aria-label={t("chart.label", label)}
          onKeyDown={(event) => {
            if (act(event.key)) event.preventDefault();
          }}
        />
        {overlay.target !== null && onTarget && (
          <TargetHandle
            ref={handle}
            plot={plot}
            series={series[0]}
            target={overlay.target}
            onTarget={onTarget}
            onDrag={(target) => {
              const targetSays = t("chart.target", {
                amount: moneyText(target, series[0].currency, series[0].domain),
              });
              now.current.overlay = { ...now.current.overlay, target, targetSays };
              plot?.redraw(false);
            }}
          />
        )}
      </div>
      <figcaption className={`secondary figures ${styles.readout}`}>
        <Readout at={shown} series={series} overlay={overlay} span={span} isLive={isByKey} />
      </figcaption>
    </figure>
  );
}

function placeHandle(element: HTMLElement | null, plot: uPlot, { target }: Overlay): void {
  const scale = plot.series[1]?.scale;
  if (element === null || target === null || scale === undefined) return;
  const { left, top, width, height } = plot.bbox;
  const y = plot.valToPos(target, scale, true);
  const isSeen = y >= top && y <= top + height;
  element.style.visibility = isSeen ? "visible" : "hidden";
  element.style.left = `${left / devicePixelRatio}px`;
  element.style.width = `${width / devicePixelRatio}px`;
  element.style.top = `${y / devicePixelRatio}px`;
}
