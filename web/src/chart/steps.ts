/** A series as a chart draws it: at times (seconds) amounts (minor units; null: no offer). */
export interface Steps {
  times: number[];
  amounts: (number | null)[];
}

/**
 * Return a series whose last amount holds until `end`, and whose every amount holds until the next.
 *
 * A chart of steps draws an amount to the next point; before a point without one it would end at
 * the amount's own. So each offer that ends gets a point where it ends.
 */
export function heldSteps(series: Steps, end: number): Steps {
  const times: number[] = [];
  const amounts: (number | null)[] = [];
  let last: number | null = null;
  series.times.forEach((time, place) => {
    const amount = series.amounts[place] ?? null;
    if (amount === null && last !== null) {
      times.push(time - 1);
      amounts.push(last);
    }
    times.push(time);
    amounts.push(amount);
    last = amount;
  });
  const newest = times.at(-1);
  if (newest !== undefined && newest < end) {
    times.push(end);
    amounts.push(last);
  }
  return { times, amounts };
}

/** Return the place of the amount that holds at a time; null before the first. */
export function placeAt(times: readonly number[], time: number): number | null {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) <= time) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? null : low - 1;
}

/** Between which seconds something is shown. */
export interface Span {
  from: number;
  to: number;
}

/** Return what holds within a span: led by what held when it begins, held until its end. */
export function stepsWithin(series: Steps, { from, to }: Span): Steps {
  const lead = placeAt(series.times, from);
  const last = placeAt(series.times, to);
  if (last === null) return { times: [], amounts: [] };
  const first = lead ?? 0;
  const times = series.times.slice(first, last + 1);
  const amounts = series.amounts.slice(first, last + 1);
  if (lead !== null) times[0] = from;
  return heldSteps({ times, amounts }, to);
}

/** Return when there was no offer within a span, by time. */
export function gapsWithin(series: Steps, span: Span): Span[] {
  const gaps: Span[] = [];
  const { times, amounts } = stepsWithin(series, span);
  amounts.forEach((amount, place) => {
    const from = times[place] as number;
    const to = times[place + 1] ?? from;
    const last = gaps.at(-1);
    if (amount !== null || to <= from) return;
    if (last?.to === from) last.to = to;
    else gaps.push({ from, to });
  });
  return gaps;
}

/** What a series has cost within a span, over the time with an offer; minor units. */
export interface SpanFigures {
  lowest: number;
  average: number;
}

/** Return the lowest amount within a span and the average weighted by time; null without an offer. */
export function figuresWithin(series: Steps, span: Span): SpanFigures | null {
  const { times, amounts } = stepsWithin(series, span);
  let lowest = Number.POSITIVE_INFINITY;
  let seconds = 0;
  let sum = 0;
  amounts.forEach((amount, place) => {
    if (amount === null) return;
    const from = times[place] as number;
    const held = (times[place + 1] ?? from) - from;
    lowest = Math.min(lowest, amount);
    seconds += held;
    sum += amount * held;
  });
  return seconds > 0 ? { lowest, average: Math.round(sum / seconds) } : null;
}

/** Return the next round number from a size on: 1, 2 or 5 and zeros. */
export function roundUp(size: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(size, 1)));
  const factor = [1, 2, 5].find((one) => one * power >= size) ?? 10;
  return factor * power;
}
