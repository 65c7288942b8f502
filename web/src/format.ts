import type { Money } from "./api/client";

const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
const DAY_S = 24 * HOUR_S;

/** How Amazon's site of a locale writes numbers, how it is called, and what one pays there. */
const SITES: Record<string, { tag: string; site: string; currency: string }> = {
  us: { tag: "en-US", site: "amazon.com", currency: "USD" },
  uk: { tag: "en-GB", site: "amazon.co.uk", currency: "GBP" },
  de: { tag: "de-DE", site: "amazon.de", currency: "EUR" },
  fr: { tag: "fr-FR", site: "amazon.fr", currency: "EUR" },
  // As in Japanese, but for its wide yen sign, which fonts outside Japan lack.
  jp: { tag: "en-US", site: "amazon.co.jp", currency: "JPY" },
  ca: { tag: "en-CA", site: "amazon.ca", currency: "CAD" },
  it: { tag: "it-IT", site: "amazon.it", currency: "EUR" },
  es: { tag: "es-ES", site: "amazon.es", currency: "EUR" },
  in: { tag: "en-IN", site: "amazon.in", currency: "INR" },
  mx: { tag: "es-MX", site: "amazon.com.mx", currency: "MXN" },
  br: { tag: "pt-BR", site: "amazon.com.br", currency: "BRL" },
};

const formats = new Map<string, Intl.NumberFormat>();

/** Return the name of a locale's site, as people say it. */
export function siteOf(domain: string): string {
  return SITES[domain]?.site ?? domain;
}

/** Return what one pays with at a locale's site. */
export function currencyOf(domain: string): string {
  return SITES[domain]?.currency ?? "USD";
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

/** Return amounts as the site of a locale writes them, without cents where none has any. */
export function moneyTexts(minors: readonly number[], currency: string, domain: string): string[] {
  const unit = 10 ** digitsOf(currency);
  if (minors.some((minor) => minor % unit !== 0)) {
    return minors.map((minor) => moneyText(minor, currency, domain));
  }
  const format = new Intl.NumberFormat(SITES[domain]?.tag ?? "en-US", {
    style: "currency",
    currency,
    maximumFractionDigits: 0,
  });
  return minors.map((minor) => format.format(minor / unit));
}

/** Return money as the site of a locale writes it. */
export function siteMoney({ minor, currency }: Money, domain: string): string {
  return moneyText(minor, currency, domain);
}

/** Return an amount in the main unit as an input holds it: 24.99. */
export function moneyInput(money: Money | null): string {
  if (money === null) return "";
  return majorText(money.minor, money.currency);
}

/** Return minor units as a plain number in the main unit, as a table of figures holds it: 24.99. */
export function majorText(minor: number, currency: string): string {
  const digits = digitsOf(currency);
  return (minor / 10 ** digits).toFixed(digits);
}

/** Return what somebody typed, 24.99 or 24,99, in minor units; null if it is no amount. */
export function minorOf(text: string, currency: string): number | null {
  const found = /^(\d{1,10})(?:[.,](\d+))?$/.exec(text.trim());
  const digits = digitsOf(currency);
  const fraction = found?.[2] ?? "";
  if (!found || fraction.length > digits) return null;
  return Number(`${found[1]}${fraction.padEnd(digits, "0")}`);
}

/** Return a number as people read it: 60,000 in English, 60.000 in German. */
export function numberText(value: number, language: string): string {
  return new Intl.NumberFormat(regionOf(language), { maximumFractionDigits: 1 }).format(value);
}

/** The API counts a list no further than to one more. */
const MOST_COUNTED = 10_000;

/** Return how long a list is as people read it, and whether it is longer than the API counts. */
export function countedText(total: number, language: string): { counted: string; isMore: boolean } {
  return {
    counted: numberText(Math.min(total, MOST_COUNTED), language),
    isMore: total > MOST_COUNTED,
  };
}

/** Return a share as people read it: 0.043 is "4 %" in German and "4%" in English. */
export function percentText(share: number, language: string): string {
  const format = {
    style: "percent",
    maximumFractionDigits: Math.abs(share) < 0.1 ? 1 : 0,
  } as const;
  return new Intl.NumberFormat(regionOf(language), format).format(share);
}

/** Return how long ago something was, in the largest unit that fits: "3 hours ago". */
export function agoText(at: Date, now: Date, language: string): string {
  const seconds = (at.getTime() - now.getTime()) / 1000;
  const words = new Intl.RelativeTimeFormat(regionOf(language), { numeric: "auto" });
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
  return at.toLocaleString(regionOf(language), { dateStyle: "long", timeStyle: "long" });
}

/** Return a moment by day and minute, for tables and charts: "18 Sept 2026, 14:20". */
export function minuteText(at: Date, language: string): string {
  return at.toLocaleString(regionOf(language), { dateStyle: "medium", timeStyle: "short" });
}

/** Return a day: "18 September 2026". */
export function dayText(at: Date, language: string): string {
  return at.toLocaleDateString(regionOf(language), {
    day: "numeric",
    month: "long",
    year: "numeric",
  });
}

/** Return the name of a weekday; 1 is Monday. */
export function weekdayText(weekday: number, language: string): string {
  // 1 January 2024 was a Monday.
  const day = new Date(Date.UTC(2024, 0, weekday));
  return day.toLocaleDateString(regionOf(language), { weekday: "long", timeZone: "UTC" });
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

/** Return the reader's own kind of a language: British dates for who reads British English. */
export function regionOf(language: string): string {
  return navigator.languages.find((one) => one.split("-")[0] === language) ?? language;
}
