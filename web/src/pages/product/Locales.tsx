import { Link } from "wouter";
import type { Locale, PriceType } from "../../api/client";
import { useFailure } from "../../components/Failed";
import { Skeleton } from "../../components/Skeleton";
import { When } from "../../components/When";
import { dayText, percentText, siteMoney, siteOf } from "../../format";
import { useTexts } from "../../texts/texts";
import styles from "./Tabs.module.css";
import { useLocales } from "./useLocales";

interface Props {
  asin: string;
  domain: Locale;
  priceType: PriceType;
}

/** What a product costs at the other Amazon sites, in one currency too, by the rate of a day. */
export default function Locales({ asin, domain, priceType }: Props) {
  const { t, language } = useTexts();
  const locales = useLocales(asin, priceType);
  const { data } = locales;
  const failure = useFailure(locales);
  if (!data) return failure ?? <Skeleton lines={4} height={40} />;
  const { items } = data;
  if (items.every((one) => one.domain === domain)) {
    return failure ?? <p className="muted">{t("product.onlyHere")}</p>;
  }
  return (
    <div className={styles.wide}>
      {failure}
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{t("product.site")}</th>
            <th scope="col" className={styles.number}>
              {t("product.price")}
            </th>
            <th scope="col" className={styles.number}>
              {t("product.inEuros")}
            </th>
            <th scope="col" className={styles.number}>
              {t("product.aboveCheapest")}
            </th>
            <th scope="col">{t("product.since")}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((one) => (
            <tr key={one.domain}>
              <td>
                <Link href={`/products/${one.domain}/${asin}?type=${priceType}`}>
                  {siteOf(one.domain)}
                </Link>
              </td>
              <td className={styles.number}>
                {one.amount ? siteMoney(one.amount, one.domain) : t("chart.noOffer")}
              </td>
              <td className={styles.number}>
                {(one.in_euros && siteMoney(one.in_euros, domain)) ??
                  (one.amount && t("product.noRate"))}
                {one.rate_day && (
                  <span className="secondary">
                    <br />
                    {t("product.rateOf", { day: dayText(new Date(one.rate_day), language) })}
                  </span>
                )}
              </td>
              <td className={styles.number}>{above(one.above_cheapest_percent)}</td>
              <td>
                <When at={one.observed_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );

  function above(percent: number | null): string {
    if (percent === null) return "";
    return percent > 0 ? `+${percentText(percent / 100, language)}` : t("product.cheapest");
  }
}
