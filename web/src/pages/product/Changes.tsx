import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { api, type Locale, type PriceType, read, type Schema } from "../../api/client";
import { Button } from "../../components/Button";
import { Failed } from "../../components/Failed";
import { Skeleton } from "../../components/Skeleton";
import { useToast } from "../../components/Toast";
import { minuteText, siteMoney } from "../../format";
import { useTexts } from "../../texts/texts";
import { csvOf } from "./csv";
import styles from "./Tabs.module.css";

interface Props {
  asin: string;
  domain: Locale;
  priceType: PriceType;
}

type Point = Schema["PointReply"];
const PER_PAGE = 12;
const PER_READ = 500;

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
  if (page.isPending) return <Skeleton lines={8} height={40} />;
  if (page.error) return <Failed error={page.error} retry={page.refetch} />;
  const { items, next_cursor: next } = page.data;
  if (items.length === 0) return <p className="muted">{t("product.noHistory")}</p>;
  const hasShipping = items.some(({ shipping }) => shipping !== null);
  const text = (money: Schema["Money"] | null) =>
    money ? siteMoney(money, domain) : t("chart.noOffer");
  return (
    <>
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
        <Download asin={asin} domain={domain} priceType={priceType} />
      </div>
    </>
  );
}

/** Downloads all changes; a long history is read page by page, and how far it is stands beside. */
function Download({ asin, domain, priceType }: Props) {
  const { t } = useTexts();
  const say = useToast();
  const [count, setCount] = useState<number | null>(null);
  const leaving = useRef<AbortController | null>(null);
  useEffect(() => () => leaving.current?.abort(), []);

  const download = async () => {
    const controller = new AbortController();
    leaving.current = controller;
    setCount(0);
    try {
      const { points, currency } = await readAll(controller.signal, setCount);
      save(csvOf(points, currency), `${asin}-${domain}-${priceType}.csv`);
    } catch (error) {
      if (controller.signal.aborted) return;
      say({ says: error instanceof Error ? error.message : t("state.failed") });
    }
    setCount(null);
  };
  return (
    <>
      <Button disabled={count !== null} onClick={download}>
        {t("product.download")}
      </Button>
      <span role="status" className="secondary">
        {count !== null && t("product.downloading", { count })}
      </span>
    </>
  );

  async function readAll(signal: AbortSignal, onRead: (count: number) => void) {
    const points: Point[] = [];
    let cursor: string | null = null;
    let currency = "";
    do {
      const query = {
        domain,
        price_type: priceType,
        limit: PER_READ,
        sort: "observed_at" as const,
        ...(cursor && { cursor }),
      };
      const path = "/api/v1/prices/{asin}/history";
      const page: Schema["HistoryPage"] = await read(
        api.GET(path, { params: { path: { asin }, query }, signal }),
      );
      points.push(...page.items);
      onRead(points.length);
      currency = page.series.currency;
      cursor = page.next_cursor;
    } while (cursor !== null);
    return { points, currency };
  }
}

function save(text: string, name: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
