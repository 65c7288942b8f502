import { expect, test } from "vitest";
import type { Schema } from "../../api/client";
import { again, changesOf, EMPTY, formOf } from "./filterForm";

const FILTER = {
  name: "keyboards",
  domain: "de",
  price_type: "AMAZON",
  price_min: null,
  price_max: { minor: 7990, currency: "EUR", text: "€79.90" },
  min_score: 60,
  selection: {
    dateRange: 3,
    deltaPercentRange: [20, 100],
    currentRange: [0, 7990],
    titleSearch: "keyboard",
    minRating: 45,
    isLowest: true,
  },
} as unknown as Schema["FilterReply"];

test("a saved search is read into its form and back", () => {
  const form = formOf(FILTER);
  expect(form).toEqual({
    name: "keyboards",
    domain: "de",
    priceType: "AMAZON",
    drop: "20",
    over: "90-days",
    priceMin: "",
    priceMax: "79.90",
    title: "keyboard",
    rating: "4.5",
    score: "60",
  });
  expect(changesOf(form)).toMatchObject({ price_min: null, price_max: "79.90", min_rating: 4.5 });
});

test("an empty field takes away what there was", () => {
  const changes = changesOf({ ...EMPTY, name: " x ", drop: "", rating: "4,5", score: "" });
  expect(changes).toMatchObject({ name: "x", drop_percent: null, min_rating: 4.5, min_score: 0 });
});

test("a removed search comes back with fields its form does not show", () => {
  expect(again(FILTER).selection).toEqual(FILTER.selection);
});
