import { describe, expect, it } from "vitest";
import { figuresWithin, gapsWithin, heldSteps, placeAt, roundUp, stepsWithin } from "./steps";

describe("heldSteps", () => {
  it("holds the last amount until the end", () => {
    expect(heldSteps({ times: [10], amounts: [500] }, 20)).toEqual({
      times: [10, 20],
      amounts: [500, 500],
    });
  });

  it("ends an offer where it ended, not where it began", () => {
    const held = heldSteps({ times: [10, 50, 90], amounts: [500, null, 700] }, 100);
    expect(held.times).toEqual([10, 49, 50, 90, 100]);
    expect(held.amounts).toEqual([500, 500, null, 700, 700]);
  });

  it("says nothing before the first point", () => {
    expect(heldSteps({ times: [], amounts: [] }, 100)).toEqual({ times: [], amounts: [] });
  });

  it("keeps a product that is sold out now without an amount", () => {
    const held = heldSteps({ times: [10, 50], amounts: [500, null] }, 100);
    expect(held.amounts).toEqual([500, 500, null, null]);
  });
});

describe("placeAt", () => {
  const times = [10, 20, 30];

  it.each([
    [5, null],
    [10, 0],
    [19, 0],
    [20, 1],
    [99, 2],
  ])("finds what holds at %i", (time, place) => {
    expect(placeAt(times, time)).toBe(place);
  });
});

describe("stepsWithin", () => {
  const series = { times: [10, 50, 90], amounts: [500, 600, 700] };

  it("is led by what held when it begins", () => {
    expect(stepsWithin(series, { from: 20, to: 60 })).toEqual({
      times: [20, 50, 60],
      amounts: [500, 600, 600],
    });
  });

  it("says nothing of the time before the first point", () => {
    expect(stepsWithin(series, { from: 0, to: 20 }).times).toEqual([10, 20]);
    expect(stepsWithin(series, { from: 0, to: 5 }).times).toEqual([]);
  });
});

describe("gapsWithin", () => {
  it("finds each time without an offer, cut to the span", () => {
    const series = { times: [10, 30, 40, 80], amounts: [500, null, 600, null] };
    expect(gapsWithin(series, { from: 0, to: 100 })).toEqual([
      { from: 30, to: 40 },
      { from: 80, to: 100 },
    ]);
    expect(gapsWithin(series, { from: 35, to: 50 })).toEqual([{ from: 35, to: 40 }]);
  });
});

describe("figuresWithin", () => {
  it("weighs amounts by the time they held and leaves gaps out", () => {
    const series = { times: [0, 10, 20, 30], amounts: [900, null, 300, 600] };
    expect(figuresWithin(series, { from: 0, to: 40 })).toEqual({ lowest: 300, average: 600 });
    expect(figuresWithin(series, { from: 12, to: 18 })).toBeNull();
  });
});

describe("roundUp", () => {
  it.each([
    [0.2, 1],
    [1, 1],
    [3, 5],
    [6, 10],
    [120, 200],
  ])("rounds %d to %d", (size, round) => {
    expect(roundUp(size)).toBe(round);
  });
});
