import type uPlot from "uplot";
import { colour } from "./colours";
import { type LevelLine, type Mark, type Overlay, scaleOf } from "./series";
import type { Span } from "./steps";

const HATCH_PX = 7;
const MARK_PX = 5;
const LEAST_GAP_PX = 2;

/** Hatch the times without an offer, faintly, beneath everything. */
export function drawGaps(plot: uPlot, gaps: readonly Span[]): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colour("--line");
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([]);
  for (const gap of gaps) {
    const left = Math.max(bbox.left, plot.valToPos(gap.from, "x", true));
    const right = Math.min(bbox.left + bbox.width, plot.valToPos(gap.to, "x", true));
    if (right - left < LEAST_GAP_PX) continue;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, bbox.top, right - left, bbox.height);
    ctx.clip();
    ctx.beginPath();
    const step = HATCH_PX * devicePixelRatio;
    for (let x = left - (left % step) - bbox.height; x < right; x += step) {
      ctx.moveTo(x, bbox.top + bbox.height);
      ctx.lineTo(x + bbox.height, bbox.top);
    }
    ctx.stroke();
    ctx.restore();
  }
  ctx.restore();
}

/** Draw target, lines and marks over the steps. */
export function drawOverlay(plot: uPlot, overlay: Overlay, currency: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const line of overlay.lines) {
    drawLine(plot, currency, line, { name: "--muted", dash: [1, 3], isRight: true });
  }
  if (overlay.target !== null) {
    const target = { amount: overlay.target, says: overlay.targetSays };
    drawLine(plot, currency, target, { name: "--good", dash: [6, 4], isRight: false });
  }
  const paint = painter(plot, currency);
  paint(overlay.unconfirmed, "--warn", circle, false);
  paint(overlay.tried, "--text", diamond, false);
  paint(overlay.alerts, "--good", diamond, true);
  ctx.restore();
}

interface LineLook {
  name: string;
  dash: readonly number[];
  /** At which end it says what it is. */
  isRight: boolean;
}

function drawLine(
  plot: uPlot,
  currency: string,
  { amount, says }: LevelLine,
  { name, dash, isRight }: LineLook,
): void {
  const y = plot.valToPos(amount, scaleOf(currency), true);
  const { ctx, bbox } = plot;
  if (!(y >= bbox.top && y <= bbox.top + bbox.height)) return;
  const [unit, right] = [devicePixelRatio, bbox.left + bbox.width];
  ctx.save();
  ctx.strokeStyle = colour(name);
  ctx.fillStyle = colour(name);
  ctx.lineWidth = unit;
  ctx.setLineDash(dash.map((length) => length * unit));
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(right, y);
  ctx.stroke();
  ctx.font = `${11 * unit}px system-ui, sans-serif`;
  const isTop = y < bbox.top + 16 * unit;
  ctx.textAlign = isRight ? "right" : "left";
  ctx.textBaseline = isTop ? "top" : "bottom";
  const x = isRight ? right - 4 * unit : bbox.left + 4 * unit;
  // What is drawn beneath does not cross the words.
  ctx.strokeStyle = colour("--surface");
  ctx.lineWidth = 4 * unit;
  ctx.setLineDash([]);
  ctx.strokeText(says, x, y + (isTop ? 2 : -2) * unit);
  ctx.fillText(says, x, y + (isTop ? 2 : -2) * unit);
  ctx.restore();
}

type Shape = (context: CanvasRenderingContext2D, x: number, y: number, size: number) => void;

function painter(plot: uPlot, currency: string) {
  const { ctx, bbox } = plot;
  const size = MARK_PX * devicePixelRatio;
  return (marks: readonly Mark[], name: string, shape: Shape, isFilled: boolean) => {
    ctx.save();
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.setLineDash([]);
    ctx.strokeStyle = colour(name);
    ctx.fillStyle = isFilled ? colour(name) : colour("--surface");
    for (const mark of marks) {
      const x = plot.valToPos(mark.at, "x", true);
      if (x < bbox.left - size || x > bbox.left + bbox.width + size) continue;
      const bottom = bbox.top + bbox.height - size;
      const y = mark.amount === null ? bottom : plot.valToPos(mark.amount, scaleOf(currency), true);
      ctx.beginPath();
      shape(ctx, x, Math.max(bbox.top + size, Math.min(bottom, y)), size);
      ctx.fill();
      ctx.stroke();
    }
    ctx.restore();
  };
}

const circle: Shape = (context, x, y, size) => context.arc(x, y, size * 0.8, 0, 2 * Math.PI);

const diamond: Shape = (context, x, y, size) => {
  context.moveTo(x, y - size);
  context.lineTo(x + size, y);
  context.lineTo(x, y + size);
  context.lineTo(x - size, y);
  context.closePath();
};
