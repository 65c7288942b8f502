import { useQuery } from "@tanstack/react-query";
import { api, type Locale, type PriceType, read } from "../../api/client";

/** Read what a price was at least, at most and on average. */
export function useStatistics(asin: string, domain: Locale, priceType: PriceType) {
  const query = { domain, price_type: priceType };
  return useQuery({
    queryKey: ["product", domain, asin, "stats", query],
    queryFn: () =>
      read(api.GET("/api/v1/prices/{asin}/stats", { params: { path: { asin }, query } })),
  });
}

/** Read what a price is on each day of the week, within a year. */
export function useWeekdays(asin: string, domain: Locale, priceType: PriceType) {
  const query = { domain, price_type: priceType };
  return useQuery({
    queryKey: ["product", domain, asin, "weekdays", query],
    queryFn: () =>
      read(api.GET("/api/v1/prices/{asin}/weekdays", { params: { path: { asin }, query } })),
  });
}
