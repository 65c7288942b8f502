import { useQuery } from "@tanstack/react-query";
import { api, type Locale, read } from "../../api/client";

/** Read how many tokens a check of a watched product costs about; null while nobody knows. */
export function useCheckCost(asin: string, domain: Locale): number | null {
  const plan = useQuery({
    // Not read again with the watches: once one is removed, its check has no cost.
    queryKey: ["cost", domain, asin],
    queryFn: () =>
      read(
        api.POST("/api/v1/prices/{asin}:check", {
          params: { path: { asin }, query: { domain, dry_run: true } },
        }),
      ),
    retry: false,
  });
  return plan.data?.tokens ?? null;
}
