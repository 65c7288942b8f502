import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, type Locale, type PriceType, read, type Schema } from "../../api/client";
import { dayText, siteMoney } from "../../format";
import { useTexts } from "../../texts/texts";

interface Asked {
  asin: string;
  domain: Locale;
  priceType: PriceType;
  withShipping: boolean;
  isKnown: boolean;
}

interface Props {
  found: Schema["AssessmentReply"] | undefined;
  domain: Locale;
}

/** Read what a price's history of a year says of it; nothing where there is no price. */
export function useAssessment({ asin, domain, priceType, withShipping, isKnown }: Asked) {
  const query = { domain, price_type: priceType, with_shipping: withShipping };
  return useQuery({
    queryKey: ["product", domain, asin, "assessment", query],
    queryFn: () =>
      read(api.GET("/api/v1/prices/{asin}/assessment", { params: { path: { asin }, query } })),
    enabled: isKnown,
    placeholderData: keepPreviousData,
  });
}

/** Whether the price is good, in sentences. */
export function Verdict({ found, domain }: Props) {
  const { t, language } = useTexts();
  return <span>{found && sentences(found).join(" ")}</span>;

  function sentences(found: Schema["AssessmentReply"]): string[] {
    const { days_dearer: dearer, days_with_offer: days, known_since: since } = found;
    if (dearer === null || days === null || days <= 0 || since === null) {
      return [t("product.unknown")];
    }
    const day = (at: string) => dayText(new Date(at), language);
    const rounded = { dearer: Math.round(dearer), days: Math.round(days) };
    const said = [t(rounded.dearer > 0 ? "product.cheaper" : "product.dearest", rounded)];
    if (found.price.amount === null) return said;
    if (found.lowest_since === null) said.push(t("product.lowestEver", { day: day(since) }));
    else if (found.earlier_low !== null) {
      const { amount, at } = found.earlier_low;
      said.push(t("product.wasLower", { amount: siteMoney(amount, domain), day: day(at) }));
    } else said.push(t("product.lowestSince", { day: day(found.lowest_since) }));
    return said;
  }
}
