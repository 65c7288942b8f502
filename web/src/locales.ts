import type { Locale } from "./api/client";

/** Amazon's sites that Keeper covers, the largest first. */
export const LOCALES: readonly Locale[] = [
  "us",
  "de",
  "uk",
  "jp",
  "in",
  "it",
  "fr",
  "es",
  "ca",
  "mx",
  "br",
];
