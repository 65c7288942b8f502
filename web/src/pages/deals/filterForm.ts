import type { Locale, PriceType, Schema } from "../../api/client";
import { moneyInput } from "../../format";

type Filter = Schema["FilterReply"];
export const SPANS = ["day", "week", "month", "90-days"] as const;
export const TYPES: readonly PriceType[] = ["NEW", "AMAZON", "USED", "WAREHOUSE", "NEW_FBA"];

/** A saved search as its form holds it: all of it text. */
export interface FilterForm {
  name: string;
  domain: Locale;
  priceType: PriceType;
  drop: string;
  over: (typeof SPANS)[number];
  priceMin: string;
  priceMax: string;
  title: string;
  rating: string;
  score: string;
}

export const EMPTY: FilterForm = {
  name: "",
  domain: "us",
  priceType: "NEW",
  drop: "20",
  over: "90-days",
  priceMin: "",
  priceMax: "",
  title: "",
  rating: "",
  score: "50",
};

/** Return a saved search as its form holds it; what the form has no field for stays as it is. */
export function formOf(filter: Filter): FilterForm {
  const { selection } = filter;
  const [drop] = numbers(selection.deltaPercentRange);
  const [span] = numbers([selection.dateRange]);
  const [rating] = numbers([selection.minRating]);
  return {
    name: filter.name,
    domain: filter.domain as Locale,
    priceType: filter.price_type as PriceType,
    drop: drop === undefined ? "" : String(drop),
    over: SPANS[span ?? 1] ?? "week",
    priceMin: moneyInput(filter.price_min),
    priceMax: moneyInput(filter.price_max),
    title: typeof selection.titleSearch === "string" ? selection.titleSearch : "",
    rating: rating === undefined ? "" : String(rating / 10),
    score: String(filter.min_score),
  };
}

/** Return what the API takes of a form; an empty field takes away what there was. */
export function changesOf(form: FilterForm) {
  return {
    name: form.name.trim(),
    domain: form.domain,
    price_type: form.priceType,
    drop_percent: numberOrNull(form.drop),
    over: form.over,
    price_min: form.priceMin.trim() || null,
    price_max: form.priceMax.trim() || null,
    title: form.title.trim() || null,
    min_rating: numberOrNull(form.rating),
    min_score: numberOrNull(form.score) ?? 0,
  };
}

/** Return what saves a removed search again, with all of Keepa's fields it had. */
export function again(filter: Filter) {
  return {
    name: filter.name,
    domain: filter.domain as Locale,
    price_type: filter.price_type as PriceType,
    min_score: filter.min_score,
    selection: filter.selection,
  };
}

function numbers(value: unknown): number[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "number") : [];
}

function numberOrNull(text: string): number | null {
  const value = Number(text.trim().replace(",", "."));
  return text.trim() === "" || Number.isNaN(value) ? null : value;
}
