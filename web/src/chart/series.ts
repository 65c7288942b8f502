import type { Steps } from "./steps";

/** A price that a chart draws. */
export interface ChartSeries {
  key: string;
  /** What it is called: its price type and site. */
  label: string;
  steps: Steps;
  currency: string;
  domain: string;
  /** Which of the design's looks it has, from 0 on; the watched one is 0. */
  look: number;
}

/** Something at a moment of the watched price; null stands for no offer. */
export interface Mark {
  at: number;
  amount: number | null;
  says: string;
}

/** A thin line across the chart that says what it is. */
export interface LevelLine {
  amount: number;
  says: string;
}

/** What is drawn over the steps, and changes without the chart being made anew. */
export interface Overlay {
  target: number | null;
  targetSays: string;
  lines: readonly LevelLine[];
  alerts: readonly Mark[];
  tried: readonly Mark[];
  unconfirmed: readonly Mark[];
}

const DASHES: readonly (readonly number[])[] = [[], [7, 3], [2, 3], [9, 3, 2, 3], [14, 4]];
const COLOURS = 7;

/** Return the colour of a look, as a name of the design. */
export function colourOf(look: number): string {
  return `--series-${(look % COLOURS) + 1}`;
}

/** Return the dashes of a look: colour alone does not set series apart. */
export function dashOf(look: number): number[] {
  return [...(DASHES[look % DASHES.length] ?? [])];
}

/** Return the scale of a currency: each has its own axis. */
export function scaleOf(currency: string): string {
  return `amount-${currency}`;
}
