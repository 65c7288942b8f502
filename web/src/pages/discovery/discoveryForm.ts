import type { Locale, PriceType, Schema } from "../../api/client";

export type NewDiscovery = Schema["NewBestSellers"] | Schema["NewFinder"];
export const RANK_DAYS = [0, 30, 90, 180] as const;

/** A search for products as its form holds it: all of it text. */
export interface DiscoveryForm {
  kind: "best_sellers" | "finder";
  name: string;
  domain: Locale;
  category: string;
  rankDays: string;
  selection: string;
  propose: string;
  below: string;
}

export const EMPTY: DiscoveryForm = {
  kind: "best_sellers",
  name: "",
  domain: "us",
  category: "",
  rankDays: "0",
  selection: "",
  propose: "20",
  below: "",
};

/** Return what the API takes of a form; a SyntaxError if the query is no JSON. */
export function discoveryOf(form: DiscoveryForm): NewDiscovery {
  const common = {
    name: form.name.trim() || null,
    domain: form.domain,
    propose: Number(form.propose),
    price_type: "NEW" as const,
    below_average_percent: form.below === "" ? null : Number(form.below),
  };
  if (form.kind === "finder") {
    return { ...common, kind: "finder", selection: JSON.parse(form.selection) };
  }
  const rank_range_days = RANK_DAYS.find((days) => String(days) === form.rankDays) ?? 0;
  return { ...common, kind: "best_sellers", category: Number(form.category), rank_range_days };
}

/** Return what saves a removed search again. */
export function savedAgain(search: Schema["DiscoveryReply"]): NewDiscovery {
  const common = {
    name: search.name,
    domain: search.domain as Locale,
    propose: search.propose,
    price_type: search.price_type as PriceType,
    below_average_percent: search.below_average_percent,
  };
  if (search.kind === "finder") {
    return { ...common, kind: "finder", selection: search.selection ?? {} };
  }
  const rank_range_days = RANK_DAYS.find((days) => days === search.rank_range_days) ?? 0;
  return { ...common, kind: "best_sellers", category: search.category ?? 0, rank_range_days };
}
