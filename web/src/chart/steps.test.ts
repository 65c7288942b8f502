import { describe, expect, it } from "vitest";
import { heldSteps, placeAt } from "./steps";

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
