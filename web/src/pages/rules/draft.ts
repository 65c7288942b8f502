import type { PriceType, Schema, Watch } from "../../api/client";
import { moneyInput } from "../../format";
import { hasShippingApart } from "../product/priceTypes";
import { isComplete, type Rule, readRule, writeRule } from "./conditions";

/** A rule of a draft; one that this form does not know is kept as it is written. */
export interface DraftRule {
  key: number;
  rule: Rule | null;
  text: string;
}

/** A watch as somebody edits it. */
export interface Draft {
  priceType: PriceType;
  target: string;
  rules: readonly DraftRule[];
  withShipping: boolean;
  isPaused: boolean;
  priority: Watch["priority"];
  tags: string;
}

/** All of a watch that a form changes; its tags as a whole, not one by one. */
export type Changes = Omit<Schema["WatchPatch"], "add_tags" | "remove_tags">;

let lastKey = 0;

/** Return a rule for a draft. */
export function draftRule(rule: Rule | null, text = ""): DraftRule {
  lastKey += 1;
  return { key: lastKey, rule, text };
}

/**
 * Return what there is to edit: of a watch, or of one that is not there yet.
 *
 * @param begun What was typed before the type of price was chosen; a watch's own goes before it.
 */
export function draftOf(
  watch: Watch | undefined,
  priceType: PriceType,
  begun: Draft | null = null,
): Draft {
  if (watch === undefined && begun !== null) return { ...begun, priceType };
  return {
    priceType,
    target: moneyInput(watch?.target ?? null),
    rules: (watch?.rules ?? []).map(({ text }) => draftRule(readRule(text), text)),
    withShipping: watch?.with_shipping ?? false,
    isPaused: watch !== undefined && watch.status !== "ACTIVE",
    priority: watch?.priority ?? "NORMAL",
    tags: (watch?.tags ?? []).join(", "),
  };
}

/** Return the rules of a draft as the API reads them; those that lack a figure are left out. */
export function ruleTexts({ rules }: Draft, currency: string): string[] {
  return rules
    .filter(({ rule }) => rule === null || isComplete(rule, currency))
    .map(({ rule, text }) => (rule === null ? text : writeRule(rule)));
}

/** Return whether nothing that a draft needs is missing. */
export function isWhole({ rules }: Draft, currency: string): boolean {
  return rules.every(({ rule }) => rule === null || isComplete(rule, currency));
}

/** Return what the API is to make of a draft. */
export function changesOf(draft: Draft, currency: string): Changes {
  return {
    target: draft.target.trim() || null,
    rules: ruleTexts(draft, currency),
    status: draft.isPaused ? "PAUSED" : "ACTIVE",
    priority: draft.priority,
    tags: tagsOf(draft.tags),
    ...(hasShippingApart(draft.priceType) && { with_shipping: draft.withShipping }),
  };
}

/** Return what makes a watch what it was. */
export function changesTo(watch: Watch): Changes {
  return {
    target: watch.target === null ? null : moneyInput(watch.target),
    rules: watch.rules.map(({ text }) => text),
    status: watch.status,
    priority: watch.priority,
    tags: watch.tags,
    ...(hasShippingApart(watch.price_type) && { with_shipping: watch.with_shipping }),
  };
}

function tagsOf(text: string): string[] {
  return text
    .split(",")
    .map((tag) => tag.trim())
    .filter((tag) => tag !== "");
}
