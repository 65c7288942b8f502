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
