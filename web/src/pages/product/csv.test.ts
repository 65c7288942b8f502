import { describe, expect, it } from "vitest";
import { cell, csvOf } from "./csv";

describe("cell", () => {
  it.each([
    ["keepa", "keepa"],
    ["=1+1", "'=1+1"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["-2", "'-2"],
    ['a "b", c', '"a ""b"", c"'],
    ["=a,b", `"'=a,b"`],
  ])("writes %s as %s", (text, written) => {
    expect(cell(text)).toBe(written);
  });
});

describe("csvOf", () => {
  it("has a row for each change, without an amount where there was no offer", () => {
    const at = "2026-09-18T12:00:00Z";
    const point = {
      observed_at: at,
      amount: { minor: 1234500, currency: "EUR", text: "12.345,00 €" },
      shipping: null,
      is_implausible: false,
      checked_at: at,
      last_checked_at: at,
      source: "keepa",
      run_id: null,
    };
    const lines = csvOf([point, { ...point, amount: null, is_implausible: true }], "EUR");
    expect(lines.split("\r\n").slice(1)).toEqual([
      `${at},12345.00,,EUR,false,${at},${at},keepa`,
      `${at},,,EUR,true,${at},${at},keepa`,
      "",
    ]);
  });
});
