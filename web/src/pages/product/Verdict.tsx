import { useQuery } from "@tanstack/react-query";
import { api, type Locale, type PriceType, read, type Schema } from "../../api/client";
import { dayText } from "../../format";
import { useTexts } from "../../texts/texts";

interface Props {
  asin: string;
  domain: Locale;
  priceType: PriceType;
}

/** Whether the price is good, in one sentence, by what its history says. */
export function Verdict({ asin, domain, priceType }: Props) {
  const { t, language } = useTexts();
  const assessment = useQuery({
    queryKey: ["product", domain, asin, "assessment", priceType],
    queryFn: () =>
      read(
        api.GET("/api/v1/prices/{asin}/assessment", {
          params: { path: { asin }, query: { domain, price_type: priceType } },
        }),
      ),
  });
  if (!assessment.data) return null;
  return <span>{sentence(assessment.data)}</span>;

  function sentence(found: Schema["AssessmentReply"]): string {
    const parts: string[] = [];
    const { days_dearer: dearer, days_with_offer: days } = found;
    if (dearer !== null && days !== null && days > 0) {
      const key = dearer > 0 ? "product.cheaper" : "product.dearest";
      parts.push(t(key, { dearer: Math.round(dearer), days: Math.round(days) }));
    }
    if (found.lowest_since !== null) {
      parts.push(
        t("product.lowestSince", { day: dayText(new Date(found.lowest_since), language) }),
      );
    } else if (found.average_90_days !== null) {
      parts.push(t("product.average", { amount: found.average_90_days.text }));
    }
    return parts.length > 0 ? parts.join("; ") : t("product.unknown");
  }
}
