import { useQuery } from "@tanstack/react-query";
import { api, type PriceType, read } from "../../api/client";

/** Read what a product costs at each Amazon site that Keeper knows it at. */
export function useLocales(asin: string, priceType: PriceType) {
  return useQuery({
    queryKey: ["product", "locales", asin, priceType],
    queryFn: () =>
      read(
        api.GET("/api/v1/prices/{asin}/locales", {
          params: { path: { asin }, query: { price_type: priceType } },
        }),
      ),
  });
}
