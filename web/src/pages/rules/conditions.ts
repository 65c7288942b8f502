import { minorOf, moneyText } from "../../format";
import type { TextKey } from "../../texts/keys";

/** What a condition's figure is: an amount, or a whole number within bounds. */
export type FigureKind = "money" | "percent" | "days" | "points";

interface Form {
  /** Reads a line of a rule; its first group is the figure, its second the days of an average. */
  pattern: RegExp;
  write: (condition: Condition) => string;
  figure?: FigureKind;
  hasDays?: true;
  name: TextKey;
  clause: TextKey;
}

/** The kinds of conditions, in the order in which they are offered; docs/ALERTS.md explains them. */
export const KINDS = [
  "atOrBelow",
  "belowAverage",
  "belowPrevious",
  "lowest",
  "lowestEver",
  "above",
  "backInStock",
  "soldOut",
  "anyChange",
  "score",
] as const;
export type Kind = (typeof KINDS)[number];

/** One condition as a form holds it: figures as they are typed. */
export interface Condition {
  kind: Kind;
  figure: string;
  days: "30" | "90";
}

/** Conditions that must hold together. */
export type Rule = readonly Condition[];

export const BOUNDS: Record<
  Exclude<FigureKind, "money">,
  readonly [least: number, most: number]
> = { percent: [1, 95], days: [7, 3650], points: [1, 100] };

export const FORMS: Record<Kind, Form> = {
  atOrBelow: {
    pattern: /^at or below (.+)$/,
    write: ({ figure }) => `at or below ${figure.trim()}`,
    figure: "money",
    name: "rule.name.atOrBelow",
    clause: "rule.clause.atOrBelow",
  },
  above: {
    pattern: /^above (.+)$/,
    write: ({ figure }) => `above ${figure.trim()}`,
    figure: "money",
    name: "rule.name.above",
    clause: "rule.clause.above",
  },
  belowAverage: {
    pattern: /^(\d+)% below (30|90)-day average$/,
    write: ({ figure, days }) => `${figure}% below ${days}-day average`,
    figure: "percent",
    hasDays: true,
    name: "rule.name.belowAverage",
    clause: "rule.clause.belowAverage",
  },
  belowPrevious: {
    pattern: /^(\d+)% below previous$/,
    write: ({ figure }) => `${figure}% below previous`,
    figure: "percent",
    name: "rule.name.belowPrevious",
    clause: "rule.clause.belowPrevious",
  },
  lowest: {
    pattern: /^lowest in (\d+) days$/,
    write: ({ figure }) => `lowest in ${figure} days`,
    figure: "days",
    name: "rule.name.lowest",
    clause: "rule.clause.lowest",
  },
  lowestEver: {
    pattern: /^lowest ever$/,
    write: () => "lowest ever",
    name: "rule.name.lowestEver",
    clause: "rule.clause.lowestEver",
  },
  backInStock: {
    pattern: /^back in stock$/,
    write: () => "back in stock",
    name: "rule.name.backInStock",
    clause: "rule.clause.backInStock",
  },
  soldOut: {
    pattern: /^sold out$/,
    write: () => "sold out",
    name: "rule.name.soldOut",
    clause: "rule.clause.soldOut",
  },
  anyChange: {
    pattern: /^any change$/,
    write: () => "any change",
    name: "rule.name.anyChange",
    clause: "rule.clause.anyChange",
  },
  score: {
    pattern: /^deal score (\d+)$/,
    write: ({ figure }) => `deal score ${figure}`,
    figure: "points",
    name: "rule.name.score",
    clause: "rule.clause.score",
  },
};

const FIRST_FIGURES: Record<FigureKind, string> = {
  money: "",
  percent: "10",
  days: "90",
  points: "70",
};

/** Return a condition of a kind as the form begins with it. */
export function conditionOf(kind: Kind): Condition {
  const { figure } = FORMS[kind];
  return { kind, figure: figure ? FIRST_FIGURES[figure] : "", days: "90" };
}

/** Read a rule as the API writes it; null if a part of it is of no kind that is known here. */
export function readRule(text: string): Rule | null {
  const conditions: Condition[] = [];
  for (const line of text.split(" and ")) {
    const kind = KINDS.find((one) => FORMS[one].pattern.test(line));
    if (kind === undefined) return null;
    const [, figure = "", days] = FORMS[kind].pattern.exec(line) ?? [];
    conditions.push({ kind, figure, days: days === "30" ? "30" : "90" });
  }
  return conditions;
}

/** Write a rule as the API reads it. */
export function writeRule(rule: Rule): string {
  return rule.map((condition) => FORMS[condition.kind].write(condition)).join(" and ");
}

/** Return whether every figure of a rule is there and within its bounds. */
export function isComplete(rule: Rule, currency: string): boolean {
  return rule.every(({ kind, figure }) => {
    const wanted = FORMS[kind].figure;
    if (wanted === undefined) return true;
    if (wanted === "money") return (minorOf(figure, currency) ?? 0) > 0;
    const [least, most] = BOUNDS[wanted];
    return /^\d+$/.test(figure) && Number(figure) >= least && Number(figure) <= most;
  });
}

/** Return the key and the values of the clause that says what a condition means. */
export function clauseOf(
  { kind, figure, days }: Condition,
  currency: string,
  domain: string,
): [TextKey, Record<string, string>] {
  const form = FORMS[kind];
  const minor = form.figure === "money" ? minorOf(figure, currency) : null;
  const shown = minor === null ? figure || "…" : moneyText(minor, currency, domain);
  return [form.clause, { figure: shown, days }];
}
