import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { Link } from "wouter";
import { api, read, type Schema, type Watch } from "../../api/client";
import { Change } from "../../components/Change";
import { Picture } from "../../components/Picture";
import { PriceText } from "../../components/PriceText";
import { SortHead } from "../../components/SortHead";
import { Sparkline } from "../../components/Sparkline";
import { When } from "../../components/When";
import { siteOf } from "../../format";
import { useSession } from "../../session";
import { useTexts } from "../../texts/texts";
import type { Chosen } from "../../useChosen";
import { Target } from "./Target";
import styles from "./WatchTable.module.css";

interface Props {
  watches: readonly Watch[];
  chosen: Chosen<number>;
  /** Whether others are on their way: the address asks for something else already. */
  isOld: boolean;
}

/** What is watched: the product, its price and since when, what it did, how far the target is. */
export function WatchTable({ watches, chosen, isOld }: Props) {
  const { t } = useTexts();
  const ids = useMemo(() => watches.map(({ id }) => id), [watches]);
  const sparklines = useSparklines(ids);
  const isAll = chosen.keys.length === ids.length;
  return (
    <table className={styles.table} aria-busy={isOld}>
      <thead>
        <tr>
          <td className={styles.choose}>
            <input
              type="checkbox"
              aria-label={t("watches.chooseAll")}
              checked={isAll}
              ref={(box) => {
                if (box) box.indeterminate = !isAll && chosen.keys.length > 0;
              }}
              onChange={() => chosen.set(isAll ? [] : ids)}
            />
          </td>
          <SortHead by="title" first="title">
            {t("watches.product")}
          </SortHead>
          <SortHead by="priced_at" first="-priced_at" isNumber>
            {t("watches.priceSince")}
          </SortHead>
          <SortHead by="change" first="change" isNumber>
            {t("watches.change")}
          </SortHead>
          <th scope="col">{t("watches.days")}</th>
          <SortHead by="distance" first="distance" isNumber>
            {t("watches.target")}
          </SortHead>
          <SortHead by="checked_at" first="-checked_at" isNumber>
            {t("watches.checked")}
          </SortHead>
        </tr>
      </thead>
      <tbody>
        {watches.map((watch) => (
          <Row
            key={watch.id}
            watch={watch}
            isChosen={chosen.has(watch.id)}
            onChoose={() => chosen.toggle(watch.id)}
            sparklines={sparklines}
          />
        ))}
      </tbody>
    </table>
  );
}

interface Sparklines {
  lines: ReadonlyMap<number, Schema["SparklineReply"]>;
  from: number;
  to: number;
}

function useSparklines(ids: readonly number[]): Sparklines {
  const { data, dataUpdatedAt } = useQuery({
    queryKey: ["watches", "sparklines", ids],
    queryFn: () =>
      read(api.GET("/api/v1/watches/sparklines", { params: { query: { id: [...ids] } } })),
    enabled: ids.length > 0,
  });
  return useMemo(
    () => ({
      lines: new Map(data?.items.map((one) => [one.id, one])),
      from: data ? Date.parse(data.since) / 1000 : 0,
      to: dataUpdatedAt / 1000,
    }),
    [data, dataUpdatedAt],
  );
}

interface RowProps {
  watch: Watch;
  isChosen: boolean;
  onChoose: () => void;
  sparklines: Sparklines;
}

function Row({ watch, isChosen, onChoose, sparklines: { lines, from, to } }: RowProps) {
  const { t } = useTexts();
  const title = watch.title ?? t("watches.untitled");
  return (
    <tr className={isChosen ? styles.chosen : undefined}>
      <td className={styles.choose}>
        <input
          type="checkbox"
          aria-label={t("watches.choose", { title })}
          checked={isChosen}
          onChange={onChoose}
        />
      </td>
      <th scope="row" className={styles.first}>
        <span className={styles.product}>
          <Picture url={watch.image_url} source={watch.price.source} />
          <span className={styles.words}>
            <Link
              href={`/products/${watch.domain}/${watch.asin}?type=${watch.price_type}`}
              className={styles.title}
              dir="auto"
            >
              {title}
            </Link>
            <Details watch={watch} />
          </span>
        </span>
      </th>
      <td className={`${styles.number} ${styles.price}`}>
        <PriceText price={watch.price} domain={watch.domain} />
        <br />
        <span className="secondary">
          {watch.price.observed_at && <When at={watch.price.observed_at} />}
        </span>
      </td>
      <td className={`${styles.number} ${styles.change}`}>
        <Change change={watch.change} domain={watch.domain} />
      </td>
      <td className={styles.line}>
        <Sparkline series={lines.get(watch.id)} from={from} to={to} />
      </td>
      <td className={`${styles.number} ${styles.target}`}>
        {watch.target && <span className={styles.label}>{t("watches.target")} </span>}
        <Target watch={watch} />
      </td>
      <td className={`${styles.number} ${styles.checked} secondary`}>
        <span className={styles.label}>{t("watches.checked")} </span>
        <When at={watch.price.checked_at} />
      </td>
    </tr>
  );
}

/** Where it is watched, whose it is if not one's own, its tags, and what is unusual. */
function Details({ watch }: { watch: Watch }) {
  const { t } = useTexts();
  const { me } = useSession();
  const said = [
    siteOf(watch.domain),
    watch.price_type,
    ...(watch.owner_id === me.id ? [] : [watch.owner]),
    ...(watch.snoozed_until ? [t("watches.snoozed")] : []),
    ...(watch.kind ? [watch.kind] : []),
  ];
  return (
    <span className={`secondary ${styles.details}`}>
      {watch.status !== "ACTIVE" && (
        <span className={styles.state}>{t(`watches.state.${watch.status}`)}</span>
      )}
      {said.join(" · ")}
      {watch.tags.map((tag) => (
        <span key={tag} className={styles.tag} dir="auto">
          {tag}
        </span>
      ))}
    </span>
  );
}
