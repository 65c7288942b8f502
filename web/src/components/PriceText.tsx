import type { CurrentPrice } from "../api/client";
import { siteMoney } from "../format";
import type { TextKey } from "../texts/keys";
import { useTexts } from "../texts/texts";
import styles from "./PriceText.module.css";

const WITHOUT_AMOUNT: Record<CurrentPrice["state"], TextKey> = {
  known: "price.noOffer",
  no_offer: "price.noOffer",
  hidden: "price.hidden",
  not_checked: "price.notChecked",
};

/** A price as the locale's site writes it, or in words why there is none; doubts in words too. */
export function PriceText({ price, domain }: { price: CurrentPrice; domain: string }) {
  const { t } = useTexts();
  if (price.amount === null) return <span className="muted">{t(WITHOUT_AMOUNT[price.state])}</span>;
  return (
    <>
      <span className={`figures ${styles.amount}`}>{siteMoney(price.amount, domain)}</span>
      {price.is_implausible && <Mark sign="?" says={t("price.implausible")} />}
      {price.is_stale && <Mark sign="…" says={t("price.stale")} />}
    </>
  );
}

function Mark({ sign, says }: { sign: string; says: string }) {
  return (
    <span className={styles.mark} title={says}>
      <span aria-hidden="true">{sign}</span>
      <span className="unseen">{says}</span>
    </span>
  );
}
