import { type PointerEvent, type Ref, useState } from "react";
import type uPlot from "uplot";
import { moneyText } from "../format";
import { useTexts } from "../texts/texts";
import styles from "./Chart.module.css";
import { amountStep } from "./plot";
import { type ChartSeries, scaleOf } from "./series";

interface Props {
  ref: Ref<HTMLDivElement>;
  plot: uPlot | null;
  series: ChartSeries;
  target: number;
  /** While it is dragged. */
  onDrag: (minor: number) => void;
  /** Where it was left. */
  onTarget: (minor: number) => void;
}

const LARGE = 10;

/** The target's line as something to drag, or to move by the arrow keys. */
export function TargetHandle({ ref, plot, series, target, onDrag, onTarget }: Props) {
  const { t } = useTexts();
  const [dragged, setDragged] = useState<number | null>(null);
  const { currency, domain } = series;

  const amountAt = (event: PointerEvent): number => {
    if (plot === null) return target;
    const { top } = plot.over.getBoundingClientRect();
    const step = amountStep(plot, currency);
    const exact = plot.posToVal(event.clientY - top, scaleOf(currency));
    return Math.max(step, Math.round(exact / step) * step);
  };
  const moveBy = (steps: number) => {
    if (plot === null) return;
    const step = amountStep(plot, currency);
    onTarget(Math.max(step, (Math.round(target / step) + steps) * step));
  };
  const keys: Record<string, number> = {
    ArrowUp: 1,
    ArrowRight: 1,
    ArrowDown: -1,
    ArrowLeft: -1,
    PageUp: LARGE,
    PageDown: -LARGE,
  };
  const shown = dragged ?? target;
  const text = moneyText(shown, currency, domain);
  return (
    <div
      ref={ref}
      role="slider"
      tabIndex={0}
      className={styles.handle}
      aria-label={t("chart.dragTarget")}
      aria-orientation="vertical"
      aria-valuemin={0}
      aria-valuemax={Math.max(shown, target) * 2}
      aria-valuenow={shown}
      aria-valuetext={text}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setDragged(target);
        event.preventDefault();
        event.currentTarget.focus();
      }}
      onPointerMove={(event) => {
        if (dragged === null) return;
        const amount = amountAt(event);
        setDragged(amount);
        onDrag(amount);
      }}
      onPointerUp={(event) => {
        if (dragged === null) return;
        setDragged(null);
        const amount = amountAt(event);
        if (amount !== target) onTarget(amount);
      }}
      onPointerCancel={() => {
        setDragged(null);
        onDrag(target);
      }}
      onKeyDown={(event) => {
        const steps = keys[event.key];
        if (steps === undefined) return;
        moveBy(steps);
        event.preventDefault();
      }}
    >
      <span className={styles.grip} aria-hidden="true" />
    </div>
  );
}
