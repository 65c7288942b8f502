import type { Schema } from "../../api/client";
import { ButtonLink, ExternalLink } from "../../components/Button";
import { Picture } from "../../components/Picture";
import { When } from "../../components/When";
import { percentText, siteMoney, siteOf } from "../../format";
import { useSession } from "../../session";
import { useTexts } from "../../texts/texts";
import styles from "./Deals.module.css";
import { type Drawn, Past } from "./Past";

type Deal = Schema["DealReply"];

/** A deal: its price beside what it usually costs, its score and why, and what to do. */
export function DealLine({ deal, past }: { deal: Deal; past: Drawn | undefined }) {
  const { t, language } = useTexts();
  const { me } = useSession();
  return (
    <li className={styles.deal}>
      <Picture url={deal.image_url} source={deal.source} size={56} />
      <div className={styles.words}>
        <h2 className={styles.title} dir="auto">
          {deal.title ?? t("watches.untitled")}
        </h2>
        <p className="secondary">
          {siteOf(deal.domain)} · {deal.price_type} · {deal.filter.name}
          {deal.filter.owner_id !== me.id && ` · ${deal.filter.owner}`}
          {" · "}
          <When at={deal.observed_at} />
        </p>
        <p className={styles.amounts}>
          <strong className={`figures ${styles.amount}`}>
            {deal.price ? siteMoney(deal.price, deal.domain) : t("price.noOffer")}
          </strong>
          {deal.discount_percent !== null && deal.usual && (
            <span className="good">
              {t("deals.below", {
                percent: percentText(deal.discount_percent / 100, language),
                usual: siteMoney(deal.usual, deal.domain),
              })}
            </span>
          )}
        </p>
        <ul className={styles.reasons}>
          {deal.reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
        <div className={styles.actions}>
          <ButtonLink to={`/products/${deal.domain}/${deal.asin}?type=${deal.price_type}&edit`}>
            {t("deals.watch")}
          </ButtonLink>
          <ExternalLink to={deal.url}>
            {t("product.open", { site: siteOf(deal.domain) })}
          </ExternalLink>
        </div>
      </div>
      <Past drawn={past} />
      <p className={styles.score} title={t("deals.scoreAbout")}>
        <span className="figures">{deal.score}</span>
        <span className="secondary">{t("deals.of100")}</span>
      </p>
    </li>
  );
}
