import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { api, read, type Schema } from "../../api/client";
import { useSession } from "../../session";
import { useTexts } from "../../texts/texts";
import styles from "./Home.module.css";

interface Matter {
  to: string;
  says: string;
  look: "good" | "warn" | "bad";
}

const SIGNS = { good: "✓", warn: "!", bad: "✕" } as const;

/** Read what else may need somebody: their channels, and what was never checked. */
export function useMatters() {
  const { me } = useSession();
  const channels = useQuery({
    queryKey: ["messages", "channels", "own", me.id],
    queryFn: () =>
      read(api.GET("/api/v1/channels", { params: { query: { limit: 500, owner_id: me.id } } })),
  });
  const unread = useQuery({
    queryKey: ["home", "not-checked"],
    queryFn: () =>
      read(
        api.GET("/api/v1/watches", {
          params: { query: { price_is: "not_checked", status: ["ACTIVE"], limit: 1 } },
        }),
      ),
  });
  return { channels, unread };
}

interface Props extends ReturnType<typeof useMatters> {
  summary: Schema["SummaryReply"];
}

/** What somebody should look at, each a line that leads there; and what is at its target. */
export function Attention({ summary, channels, unread }: Props) {
  const { t } = useTexts();
  const matters: Matter[] = [];
  const add = (count: number | null, look: Matter["look"], to: string, key: Counted) => {
    if (!count) return;
    matters.push({ to, look, says: t(count === 1 ? `${key}.one` : key, { count }) });
  };
  for (const channel of channels.data?.items ?? []) {
    if (!channel.is_active || channel.problem === null) continue;
    const says = t("home.channel", { channel: channel.address, problem: channel.problem });
    matters.push({ to: "/messages/channels", look: "bad", says });
  }
  add(summary.runs_failed_24h, "bad", "/operations", "home.runs");
  add(summary.notices_open, "bad", "/operations", "home.notices");
  add(summary.stale, "warn", "/watches?price=stale&state=ACTIVE", "home.stale");
  if (unread.data && unread.data.items.length > 0) {
    const to = "/watches?price=not_checked&state=ACTIVE";
    matters.push({ to, look: "warn", says: t("home.notChecked") });
  }
  add(summary.without_offer, "warn", "/watches?price=without_offer&state=ACTIVE", "home.noOffer");
  const isCalm = matters.length === 0 && channels.isSuccess && unread.isSuccess;
  // What is good does not need anybody, but is what one waits for.
  const atTarget = "/watches?price=at_target&state=ACTIVE&sort=distance";
  add(summary.at_target, "good", atTarget, "home.atTarget");

  return (
    <section aria-label={t("home.attention")}>
      <ul className={styles.matters}>
        {matters.map(({ to, look, says }) => (
          <li key={`${to} ${says}`} className={styles[look]}>
            <span aria-hidden="true" className={styles.sign}>
              {SIGNS[look]}
            </span>
            <Link href={to}>{says}</Link>
          </li>
        ))}
        {isCalm && <li className="muted">{t("home.calm")}</li>}
      </ul>
    </section>
  );
}

type Counted = "home.runs" | "home.notices" | "home.stale" | "home.noOffer" | "home.atTarget";
