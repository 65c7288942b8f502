import { Link } from "wouter";
import type { Schema } from "../../api/client";
import { When } from "../../components/When";
import { numberText } from "../../format";
import { useSession } from "../../session";
import { useTexts } from "../../texts/texts";
import styles from "./Home.module.css";

/** How much is watched, when it was looked at, what there is to look with. */
export function State({ summary }: { summary: Schema["SummaryReply"] }) {
  const { t, language } = useTexts();
  const text = (value: number) => numberText(value, language);
  const { isOperator } = useSession();
  const { watches, watches_paused: paused, tokens_left: left, tokens_most: most } = summary;
  return (
    <dl className={styles.state}>
      <div>
        <dt>{t("home.watched")}</dt>
        <dd>
          <Link href="/watches">
            {t(paused > 0 ? "home.watchedPaused" : "home.watchedAll", {
              watches: text(watches),
              paused: text(paused),
            })}
          </Link>
        </dd>
      </div>
      <div>
        <dt>{t("home.checked")}</dt>
        <dd>
          <When at={summary.last_checked_at} />
        </dd>
      </div>
      {summary.next_check_at && (
        <div>
          <dt>{t("home.next")}</dt>
          <dd>
            <When at={summary.next_check_at} />
          </dd>
        </div>
      )}
      {isOperator && left !== null && most !== null && (
        <div>
          <dt>{t("home.tokens")}</dt>
          <dd className="figures">
            <Link href="/operations">
              {t("home.tokensLeft", { left: text(left), most: text(most) })}
            </Link>
          </dd>
        </div>
      )}
    </dl>
  );
}
