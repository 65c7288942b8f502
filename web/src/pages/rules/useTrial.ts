import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, type Locale, read } from "../../api/client";
import { useDelayed } from "../../useDelayed";
import { hasShippingApart } from "../product/priceTypes";
import { type Draft, ruleTexts } from "./draft";

/** Ask when a draft would have alerted within a year, once who edits it pauses. */
export function useTrial(draft: Draft | null, asin: string, domain: Locale, currency: string) {
  const asked = useDelayed(draft && JSON.stringify(trialOf(draft, currency)));
  const rest = asked === null ? null : (JSON.parse(asked) as ReturnType<typeof trialOf>);
  const hasReason = rest !== null && (rest.target !== null || rest.rules.length > 0);
  const isWanted = draft !== null && hasReason;
  const trial = useQuery({
    queryKey: ["product", domain, asin, "trial", asked],
    queryFn: ({ signal }) => {
      if (rest === null) throw new Error("nothing to try");
      return read(
        api.POST("/api/v1/watches:try", { body: { ...rest, product: asin, domain }, signal }),
      );
    },
    enabled: isWanted,
    placeholderData: keepPreviousData,
    retry: false,
  });
  // What was tried before is of no draft once nothing is edited.
  return { data: isWanted ? trial.data : undefined, error: isWanted ? trial.error : null };
}

function trialOf(draft: Draft, currency: string) {
  return {
    price_type: draft.priceType,
    target: draft.target.trim() || null,
    rules: ruleTexts(draft, currency),
    ...(hasShippingApart(draft.priceType) && { with_shipping: draft.withShipping }),
    days: 365,
  };
}
