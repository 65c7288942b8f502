import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import {
  api,
  CONSOLE_PATH,
  type Locale,
  type PriceType,
  read,
  type Schema,
} from "../../api/client";
import { Button } from "../../components/Button";
import { useFailure } from "../../components/Failed";
import { Skeleton } from "../../components/Skeleton";
import { minuteText, siteMoney } from "../../format";
import { IS_MINI_APP } from "../../telegram";
import { useTexts } from "../../texts/texts";
import styles from "./Tabs.module.css";

interface Props {
  asin: string;
  domain: Locale;
  priceType: PriceType;
}

const PER_PAGE = 12;

/** Each change of a price as a table, the newest first, and all of them as a file. */
export function Changes({ asin, domain, priceType }: Props) {
  const { t, language } = useTexts();
  const [cursor, setCursor] = useState<string | null>(null);
  const query = {
    domain,
    price_type: priceType,
    limit: PER_PAGE,
    ...(cursor && { cursor }),
  };
  const page = useQuery({
    queryKey: ["product", domain, asin, "changes", query],
    queryFn: () =>
      read(api.GET("/api/v1/prices/{asin}/history", { params: { path: { asin }, query } })),
    placeholderData: keepPreviousData,
  });
  const failure = useFailure(page);
  if (!page.data) return failure ?? <Skeleton lines={8} height={40} />;
  const { items, next_cursor: next } = page.data;
  if (items.length === 0) return <p className="muted">{t("product.noHistory")}</p>;
  const hasShipping = items.some(({ shipping }) => shipping !== null);
  const text = (money: Schema["Money"] | null) =>
    money ? siteMoney(money, domain) : t("chart.noOffer");
  return (
    <>
      {failure}
      <div className={styles.wide}>
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">{t("product.since")}</th>
              <th scope="col" className={styles.number}>
                {t("product.price")}
              </th>
              {hasShipping && (
                <th scope="col" className={styles.number}>
                  {t("product.shipping")}
                </th>
              )}
              <th scope="col" className={styles.lesser}>
                {t("product.firstSeen")}
              </th>
            </tr>
          </thead>
          <tbody>
            {items.map((point) => (
              <tr key={point.observed_at}>
                <td>{minuteText(new Date(point.observed_at), language)}</td>
                <td className={styles.number}>
                  {text(point.amount)}
                  {point.is_implausible && (
                    <span className="warn">
                      <br />○ {t("product.doubt")}
                    </span>
                  )}
                </td>
                {hasShipping && (
                  <td className={styles.number}>
                    {point.shipping && siteMoney(point.shipping, domain)}
                  </td>
                )}
                <td className={styles.lesser}>
                  {minuteText(new Date(point.checked_at), language)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className={styles.foot}>
        {cursor && <Button onClick={() => setCursor(null)}>{t("do.first")}</Button>}
        {next && <Button onClick={() => setCursor(next)}>{t("do.next")}</Button>}
        {!IS_MINI_APP && (
          // In Telegram only the pages' own requests are signed, and its window saves no files.
          <a
            className={styles.download}
            download
            href={`${CONSOLE_PATH}/api/v1/prices/${asin}/history/csv?${new URLSearchParams({
              domain,
              price_type: priceType,
            })}`}
          >
            {t("product.download")}
          </a>
        )}
      </div>
    </>
  );
}
