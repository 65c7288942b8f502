import type { Watch } from "../../api/client";
import { percentText, siteMoney } from "../../format";
import { useTexts } from "../../texts/texts";

/** What one waits for, and how far the price is from it. */
export function Target({ watch: { target, price, rules, domain } }: { watch: Watch }) {
  const { t, language } = useTexts();
  if (target === null) {
    return (
      <span className="muted">
        {rules.length > 0 ? t("watches.rules", { rules: rules.length }) : t("watches.noTarget")}
      </span>
    );
  }
  const distance = price.amount && target.minor > 0 ? price.amount.minor / target.minor - 1 : null;
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
