import type { Locale, Schema } from "../../api/client";

/** A line that somebody pasted, and what it means; null while that is asked. */
export interface PastedLine {
  text: string;
  read: Schema["AddressReply"] | null;
}

/** As many as the API reads at once. */
export const MOST_LINES = 100;

/** Return the lines that say something. */
export function linesOf(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** Return what names the product of a line; null if it names none. */
export function productKey({ read }: PastedLine): string | null {
  return read?.asin ? `${read.domain}/${read.asin}` : null;
}

/** Return the lines with the first of each product only; those that name none stay. */
export function withoutTwice(lines: readonly PastedLine[]): PastedLine[] {
  const seen = new Set<string>();
  return lines.filter((line) => {
    const key = productKey(line);
    if (key === null) return true;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** Return the text of the lines that were not saved: it stays to be tried again. */
export function textLeft(lines: readonly PastedLine[], saved: ReadonlySet<string>): string {
  return lines
    .map((line) => line.text)
    .filter((text) => !saved.has(text))
    .join("\n");
}

/** Return what is saved of a line: its own target before the common one. */
export function newWatch(line: PastedLine, own: string, common: string) {
  const target = own.trim() || common.trim();
  return {
    product: line.text,
    ...(line.read?.domain && { domain: line.read.domain as Locale }),
    ...(target && { target }),
  };
}
