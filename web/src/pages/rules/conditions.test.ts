import { describe, expect, it } from "vitest";
import { clauseOf, conditionOf, isComplete, KINDS, readRule, writeRule } from "./conditions";

// What GET /api/v1/rules shows, and two conditions that hold together.
const WRITTEN = [
  "at or below 24.99",
  "above 80",
  "20% below 90-day average",
  "20% below 30-day average",
  "10% below previous",
  "lowest in 90 days",
  "lowest ever",
  "back in stock",
  "sold out",
  "any change",
  "deal score 70",
  "back in stock and at or below 40.00",
];

describe("rules", () => {
  it.each(WRITTEN)("reads and writes %s", (text) => {
    const rule = readRule(text);
    expect(rule).not.toBeNull();
    expect(writeRule(rule ?? [])).toBe(text);
  });

  it("leaves alone what it does not know", () => {
    expect(readRule("at full moon")).toBeNull();
  });

  it("wants each figure within its bounds", () => {
    const percent = (figure: string) => [{ ...conditionOf("belowPrevious"), figure }];
    expect(isComplete(percent("10"), "EUR")).toBe(true);
    expect(isComplete(percent("96"), "EUR")).toBe(false);
    expect(isComplete(percent(""), "EUR")).toBe(false);
    expect(isComplete([conditionOf("atOrBelow")], "EUR")).toBe(false);
    expect(isComplete([{ ...conditionOf("atOrBelow"), figure: "24,99" }], "EUR")).toBe(true);
    expect(isComplete([{ ...conditionOf("atOrBelow"), figure: "24,99" }], "JPY")).toBe(false);
  });

  it("offers every kind in a form that can be read again", () => {
    for (const kind of KINDS) {
      const begun = { ...conditionOf(kind) };
      const filled = { ...begun, figure: begun.figure || "5" };
      expect(readRule(writeRule([filled]))?.[0]?.kind).toBe(kind);
    }
  });

  it("says amounts as the site writes them", () => {
    const condition = { ...conditionOf("atOrBelow"), figure: "1234.5" };
    expect(clauseOf(condition, "EUR", "de")[1].figure).toBe("1.234,50\u00a0€");
  });
});
