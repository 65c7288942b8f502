import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { api, read, type Schema, type Watch } from "../../api/client";
import { Change } from "../../components/Change";
import { useFailure } from "../../components/Failed";
import { Picture } from "../../components/Picture";
import { PriceText } from "../../components/PriceText";
import { When } from "../../components/When";
import { siteOf } from "../../format";
import { useTexts } from "../../texts/texts";
import styles from "./Home.module.css";

const SHOWN = 5;

type Found = UseQueryResult<Schema["WatchPage"]>;
type PriceIs = "dropped" | "lowest";
const SORTS = { dropped: "change", lowest: "-priced_at" } as const;

/** Return the first few watches whose price is remarkable in one way. */
export function useRemarkable(price: PriceIs): Found {
  return useQuery({
    queryKey: ["home", "watches", price],
    queryFn: () =>
      read(
        api.GET("/api/v1/watches", {
          params: {
            query: { price_is: price, sort: SORTS[price], status: ["ACTIVE"], limit: SHOWN },
          },
        }),
      ),
  });
}

/** Those watches, and the way to the others. */
export function Remarkable({ price, found }: { price: PriceIs; found: Found }) {
  const { t } = useTexts();
  const failure = useFailure(found);
  return (
    <section>
      <h2 className={styles.head}>{t(`home.${price}`)}</h2>
      {failure}
      {found.data?.items.length === 0 && <p className="muted">{t(`home.${price}.none`)}</p>}
      {found.data && found.data.items.length > 0 && (
        <ul className={styles.list}>
          {found.data.items.map((watch) => (
            <Line key={watch.id} watch={watch} />
          ))}
        </ul>
      )}
      {found.data?.next_cursor && (
        <p className={styles.more}>
          <Link href={`/watches?price=${price}&sort=${SORTS[price]}&state=ACTIVE`}>
            {t(`home.${price}.all`)}
          </Link>
        </p>
      )}
    </section>
  );
}

function Line({ watch }: { watch: Watch }) {
  const { t } = useTexts();
  const { price } = watch;
  return (
    <li className={styles.line}>
      <Picture url={watch.image_url} source={price.source} />
      <span className={styles.words}>
        <Link
          href={`/products/${watch.domain}/${watch.asin}?type=${watch.price_type}`}
          className={styles.title}
          dir="auto"
        >
          {watch.title ?? t("watches.untitled")}
        </Link>
        <span className="secondary">
          {siteOf(watch.domain)}
          {price.observed_at && " · "}
          {price.observed_at && <When at={price.observed_at} />}
        </span>
      </span>
      <span className={styles.price}>
        <PriceText price={price} domain={watch.domain} />
        <br />
        <Change change={watch.change} domain={watch.domain} />
      </span>
    </li>
  );
}
