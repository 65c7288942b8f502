import { expect, test } from "vitest";
import type { Schema } from "../../api/client";
import { discoveryOf, EMPTY, savedAgain } from "./discoveryForm";

test("best sellers are asked for by their category", () => {
  const form = { ...EMPTY, category: "541966", rankDays: "90", below: "25" };
  expect(discoveryOf(form)).toEqual({
    kind: "best_sellers",
    name: null,
    domain: "us",
    category: 541966,
    rank_range_days: 90,
    propose: 20,
    price_type: "NEW",
    below_average_percent: 25,
  });
});

test("the product finder's query is JSON", () => {
  const form = { ...EMPTY, kind: "finder" as const, selection: '{"current_SALES_lte": 1000}' };
  expect(discoveryOf(form)).toMatchObject({ selection: { current_SALES_lte: 1000 } });
  expect(() => discoveryOf({ ...form, selection: "{" })).toThrow(SyntaxError);
});

test("a removed search comes back as it was", () => {
  const search = {
    kind: "finder",
    name: "cheap",
    domain: "de",
    selection: { a: 1 },
    propose: 7,
    price_type: "AMAZON",
    below_average_percent: null,
  } as unknown as Schema["DiscoveryReply"];
  expect(savedAgain(search)).toMatchObject({ name: "cheap", selection: { a: 1 }, propose: 7 });
});
