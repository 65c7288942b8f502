import type { Watch } from "../../api/client";
import { percentText, siteMoney } from "../../format";
import { useTexts } from "../../texts/texts";

/** What one waits for, and how far the price is from it. */
export function Target({
  watch: { target, price, rules, domain, with_shipping },
}: {
  watch: Watch;
}) {
  const { t, language } = useTexts();
  if (target === null) {
    return (
      <span className="muted">
        {rules.length > 0 ? t("watches.rules", { rules: rules.length }) : t("watches.noTarget")}
      </span>
    );
  }
  const shipping = with_shipping ? (price.shipping?.minor ?? 0) : 0;
  const counted = price.amount && price.amount.minor + shipping;
  const distance = counted !== null && target.minor > 0 ? counted / target.minor - 1 : null;
  return (
    <>
      <span className="figures">{siteMoney(target, domain)}</span>
      <br />
      <span className={distance !== null && distance <= 0 ? "good" : "secondary"}>
        {distance !== null &&
          (distance <= 0
            ? `✓ ${t("watches.reached")}`
            : t("watches.away", { percent: percentText(distance, language) }))}
      </span>
    </>
  );
}
