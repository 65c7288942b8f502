import { Link } from "wouter";
import type { Watch } from "../../api/client";
import { Picture } from "../../components/Picture";
import { PriceText } from "../../components/PriceText";
import { When } from "../../components/When";
import { percentText, siteMoney } from "../../format";
import { useTexts } from "../../texts/texts";
import styles from "./WatchTable.module.css";

/** What is watched: the product, its price and since when, and how far from the target it is. */
export function WatchTable({ watches }: { watches: readonly Watch[] }) {
  const { t } = useTexts();
  return (
    <table className={styles.table}>
      <thead>
        <tr>
          <th scope="col">{t("watches.product")}</th>
          <th scope="col" className={styles.number}>
            {t("watches.price")}
          </th>
          <th scope="col" className={styles.number}>
            {t("watches.target")}
          </th>
        </tr>
      </thead>
      <tbody>
        {watches.map((watch) => (
          <tr key={watch.id}>
            <th scope="row">
              <span className={styles.product}>
                <Picture url={null} source={watch.price.source} />
                <span className={styles.words}>
                  <Link
                    href={`/products/${watch.domain}/${watch.asin}?type=${watch.price_type}`}
                    className={styles.title}
                    dir="auto"
                  >
                    {watch.title ?? t("watches.untitled")}
                  </Link>
                  <span className="secondary">
                    {watch.domain} · {watch.price_type}
                    {watch.status !== "ACTIVE" && ` · ${t("watches.paused")}`}
                  </span>
                </span>
              </span>
            </th>
            <td className={styles.number}>
              <PriceText price={watch.price} domain={watch.domain} />
              <br />
              <span className="secondary">
                <When at={watch.price.observed_at} />
              </span>
            </td>
            <td className={styles.number}>
              <Target watch={watch} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Target({ watch: { target, price, domain } }: { watch: Watch }) {
  const { t, language } = useTexts();
  if (target === null) return <span className="muted">{t("watches.noTarget")}</span>;
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
