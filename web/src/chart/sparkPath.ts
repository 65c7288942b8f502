import type { Steps } from "./steps";

export interface Box {
  width: number;
  height: number;
}

/**
 * Return the path of a series as steps in a box, in SVG's words: gaps where there was no offer.
 *
 * What held before `from` is drawn from the box's edge; the last amount holds until `to`. A price
 * that never changed is a line in the middle.
 */
export function sparkPath(series: Steps, from: number, to: number, box: Box): string {
  const known = series.amounts.filter((amount) => amount !== null);
  if (known.length === 0 || to <= from) return "";
  const low = Math.min(...known);
  const high = Math.max(...known);
  const x = (time: number) => round(((Math.max(time, from) - from) / (to - from)) * box.width);
  const y = (amount: number) =>
    round(high === low ? box.height / 2 : ((high - amount) / (high - low)) * box.height);
  const parts: string[] = [];
  series.amounts.forEach((amount, place) => {
    if (amount === null) return;
    const until = series.times[place + 1] ?? to;
    if (until <= from) return;
    const isFirst = (series.amounts[place - 1] ?? null) === null || parts.length === 0;
    const start = x(series.times[place] as number);
    parts.push(isFirst ? `M${start} ${y(amount)}` : `V${y(amount)}`, `H${x(until)}`);
  });
  return parts.join("");
}

function round(place: number): number {
  return Math.round(place * 10) / 10;
}
