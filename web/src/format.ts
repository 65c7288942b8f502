import type { Money } from "./api/client";

const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
const DAY_S = 24 * HOUR_S;

/** How Amazon's site of a locale writes numbers, and how it is called. */
const SITES: Record<string, { tag: string; site: string }> = {
  us: { tag: "en-US", site: "amazon.com" },
  uk: { tag: "en-GB", site: "amazon.co.uk" },
  de: { tag: "de-DE", site: "amazon.de" },
  fr: { tag: "fr-FR", site: "amazon.fr" },
  jp: { tag: "ja-JP", site: "amazon.co.jp" },
  ca: { tag: "en-CA", site: "amazon.ca" },
  it: { tag: "it-IT", site: "amazon.it" },
  es: { tag: "es-ES", site: "amazon.es" },
  in: { tag: "en-IN", site: "amazon.in" },
  mx: { tag: "es-MX", site: "amazon.com.mx" },
  br: { tag: "pt-BR", site: "amazon.com.br" },
};

const formats = new Map<string, Intl.NumberFormat>();

/** Return the name of a locale's site, as people say it. */
export function siteOf(domain: string): string {
  return SITES[domain]?.site ?? domain;
}

/** Return how many digits a currency has behind the point: 2 for euros, 0 for yen. */
export function digitsOf(currency: string): number {
  return moneyFormat("en-US", currency).resolvedOptions().maximumFractionDigits ?? 2;
}

/** Return an amount in minor units as the site of a locale writes it. */
export function moneyText(minor: number, currency: string, domain: string): string {
  const tag = SITES[domain]?.tag ?? "en-US";
  return moneyFormat(tag, currency).format(minor / 10 ** digitsOf(currency));
}

/** Return an amount in the main unit as an input holds it: 24.99. */
export function moneyInput(money: Money | null): string {
  if (money === null) return "";
  const digits = digitsOf(money.currency);
  return (money.minor / 10 ** digits).toFixed(digits);
}

/** Return a number as people read it: 60,000 in English, 60.000 in German. */
export function numberText(value: number, language: string): string {
  return new Intl.NumberFormat(language).format(value);
}

/** Return a share as people read it: 0.043 is "4 %" in German and "4%" in English. */
export function percentText(share: number, language: string): string {
  const format = {
    style: "percent",
    maximumFractionDigits: Math.abs(share) < 0.1 ? 1 : 0,
  } as const;
  return new Intl.NumberFormat(language, format).format(share);
}

/** Return how long ago something was, in the largest unit that fits: "3 hours ago". */
export function agoText(at: Date, now: Date, language: string): string {
  const seconds = (at.getTime() - now.getTime()) / 1000;
  const words = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const size = Math.abs(seconds);
  if (size < MINUTE_S) return words.format(0, "second");
  if (size < HOUR_S) return words.format(Math.round(seconds / MINUTE_S), "minute");
  if (size < DAY_S) return words.format(Math.round(seconds / HOUR_S), "hour");
  if (size < 60 * DAY_S) return words.format(Math.round(seconds / DAY_S), "day");
  if (size < 730 * DAY_S) return words.format(Math.round(seconds / (30.44 * DAY_S)), "month");
  return words.format(Math.round(seconds / (365.25 * DAY_S)), "year");
}

/** Return a moment in full, with its zone: what stands behind "3 hours ago". */
export function momentText(at: Date, language: string): string {
  return at.toLocaleString(language, { dateStyle: "long", timeStyle: "long" });
}

/** Return a day: "18 September 2026". */
export function dayText(at: Date, language: string): string {
  return at.toLocaleDateString(language, { day: "numeric", month: "long", year: "numeric" });
}

function moneyFormat(tag: string, currency: string): Intl.NumberFormat {
  const key = `${tag} ${currency}`;
  const known = formats.get(key);
  if (known) return known;
  // US and Canadian dollars must not look alike on one page; on its own site a sign suffices.
  const made = new Intl.NumberFormat(tag, { style: "currency", currency });
  formats.set(key, made);
  return made;
}
