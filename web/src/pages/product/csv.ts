import type { Schema } from "../../api/client";
import { majorText } from "../../format";

const COLUMNS = [
  "observed_at",
  "price",
  "shipping",
  "currency",
  "implausible",
  "checked_at",
  "last_checked_at",
  "source",
] as const;
/** What a spreadsheet would take for the beginning of a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** Return changes of a price as a file of comma-separated values (RFC 4180). */
export function csvOf(points: readonly Schema["PointReply"][], currency: string): string {
  const rows = points.map((point) => [
    point.observed_at,
    point.amount === null ? "" : majorText(point.amount.minor, currency),
    point.shipping === null ? "" : majorText(point.shipping.minor, currency),
    currency,
    String(point.is_implausible),
    point.checked_at,
    point.last_checked_at,
    point.source,
  ]);
  return [COLUMNS, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

/** Return a text as a cell that no spreadsheet runs. */
export function cell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
