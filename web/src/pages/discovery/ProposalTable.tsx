import type { Schema } from "../../api/client";
import { regionOf, siteMoney, siteOf } from "../../format";
import { useTexts } from "../../texts/texts";
import type { Chosen } from "../../useChosen";
import styles from "./Discovery.module.css";
import { keyOf } from "./proposals";

interface Props {
  proposals: readonly Schema["ProposalReply"][];
  /** Null where nothing is left to decide. */
  chosen: Chosen<string> | null;
  isOld: boolean;
}

/** What is proposed: the product, its price beside its average, and how it is liked. */
export function ProposalTable({ proposals, chosen, isOld }: Props) {
  const { t } = useTexts();
  const isAll = chosen?.keys.length === proposals.length;
  return (
    <table className={styles.table} aria-busy={isOld}>
      <thead>
        <tr>
          {chosen && (
            <td className={styles.choose}>
              <input
                type="checkbox"
                aria-label={t("watches.chooseAll")}
                checked={isAll}
                onChange={() => chosen.set(isAll ? [] : proposals.map(keyOf))}
              />
            </td>
          )}
          <th scope="col">{t("watches.product")}</th>
          <th scope="col" className={styles.number}>
            {t("watches.price")}
          </th>
          <th scope="col" className={styles.number}>
            {t("watches.target")}
          </th>
          <th scope="col">{t("discovery.liked")}</th>
        </tr>
      </thead>
      <tbody>
        {proposals.map((proposal) => (
          <Row key={keyOf(proposal)} proposal={proposal} chosen={chosen} />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  proposal: Schema["ProposalReply"];
  chosen: Chosen<string> | null;
}

function Row({ proposal, chosen }: RowProps) {
  const { t, language } = useTexts();
  const title = proposal.title ?? t("watches.untitled");
  const key = keyOf(proposal);
  const liked = [
    proposal.rating === null ? null : t("discovery.stars", { stars: proposal.rating }),
    proposal.review_count && t("discovery.reviews", { reviews: proposal.review_count }),
    proposal.sales_rank &&
      t("discovery.rank", { rank: proposal.sales_rank.toLocaleString(regionOf(language)) }),
  ].filter(Boolean);
  const by = [siteOf(proposal.domain), proposal.price_type, proposal.found_by, proposal.decided_by];
  return (
    <tr>
      {chosen && (
        <td className={styles.choose}>
          <input
            type="checkbox"
            aria-label={t("watches.choose", { title })}
            checked={chosen.has(key)}
            onChange={() => chosen.toggle(key)}
          />
        </td>
      )}
      <th scope="row" className={styles.first}>
        <a
          href={proposal.url}
          target="_blank"
          rel="noopener noreferrer"
          className={styles.title}
          dir="auto"
        >
          {title}
        </a>
        <span className="secondary">{by.filter(Boolean).join(" · ")}</span>
      </th>
      <td className={styles.number}>
        <strong className="figures">
          {proposal.price ? siteMoney(proposal.price, proposal.domain) : t("price.noOffer")}
        </strong>
        <br />
        <span className="secondary">
          {proposal.average_90_days &&
            t("discovery.average", {
              amount: siteMoney(proposal.average_90_days, proposal.domain),
            })}
        </span>
      </td>
      <td className={`${styles.number} figures`}>
        {proposal.target ? (
          siteMoney(proposal.target, proposal.domain)
        ) : (
          <span className="muted">{t("watches.noTarget")}</span>
        )}
      </td>
      <td className="secondary">{liked.join(" · ")}</td>
    </tr>
  );
}
