import { regionOf } from "../../format";

/** Return how far a price is from its average, which is 100. */
export function against(percent: number, language: string): string {
  return new Intl.NumberFormat(regionOf(language), {
    style: "percent",
    maximumFractionDigits: 1,
    signDisplay: "exceptZero",
  }).format(percent / 100 - 1);
}
