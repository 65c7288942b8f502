import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, api, type Locale, type PriceType, read, type Schema } from "../../api/client";
import { Button, ButtonLink, ExternalLink } from "../../components/Button";
import { Failed } from "../../components/Failed";
import { Picture } from "../../components/Picture";
import { Skeleton } from "../../components/Skeleton";
import { Sparkline } from "../../components/Sparkline";
import { When } from "../../components/When";
import { percentText, siteMoney, siteOf } from "../../format";
import { useSession } from "../../session";
import { useTexts } from "../../texts/texts";
import { useLastError } from "../../useLastError";
import styles from "./Deals.module.css";

type Deal = Schema["DealReply"];

/** A deal: its price beside what it usually costs, its score and why, and what to do. */
export function DealLine({ deal }: { deal: Deal }) {
  const { t, language } = useTexts();
  const { me } = useSession();
  const [isOpen, setOpen] = useState(false);
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
          <Button aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            {t("deals.history")}
          </Button>
          <ExternalLink to={deal.url}>
            {t("product.open", { site: siteOf(deal.domain) })}
          </ExternalLink>
        </div>
        {isOpen && <Past deal={deal} />}
      </div>
      <p className={styles.score} title={t("deals.scoreAbout")}>
        <span className="figures">{deal.score}</span>
        <span className="secondary">{t("deals.of100")}</span>
      </p>
    </li>
  );
}

const DAY_S = 86_400;

/** What the product's price did in the last year, as far as it is stored. */
function Past({ deal: { asin, domain, price_type: priceType } }: { deal: Deal }) {
  const { t } = useTexts();
  const history = useQuery({
    queryKey: ["product", domain, asin, "year", priceType],
    queryFn: () =>
      read(
        api.GET("/api/v1/prices/{asin}/history/columns", {
          params: {
            path: { asin },
            query: { domain: domain as Locale, price_type: priceType as PriceType, points: 200 },
          },
        }),
      ),
  });
  const error = useLastError(history);
  if (error instanceof ApiError && error.status === 404)
    return <p className="muted">{t("deals.noHistory")}</p>;
  const failure = error && <Failed error={error} retry={history.refetch} />;
  if (!history.data) return failure ?? <Skeleton lines={1} height={80} />;
  const to = history.dataUpdatedAt / 1000;
  return (
    <>
      {failure}
      <p className={styles.past}>
        <Sparkline series={history.data} from={to - 365 * DAY_S} to={to} isLarge />
        <span className="secondary">{t("deals.year")}</span>
      </p>
    </>
  );
}
