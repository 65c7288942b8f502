import { Link } from "wouter";
import type { Schema } from "../../api/client";
import { State, type StateKind } from "../../components/State";
import { When } from "../../components/When";
import { siteOf } from "../../format";
import type { TextKey } from "../../texts/keys";
import { useTexts } from "../../texts/texts";
import styles from "./Messages.module.css";

type Message = Schema["MessageReply"];

const KINDS: Record<Schema["MessageStatus"], StateKind> = {
  PENDING: "muted",
  SENT: "good",
  FAILED: "bad",
  UNKNOWN: "warn",
  NOT_CONFIGURED: "warn",
  CANCELLED: "muted",
};

/** Why a message waits, by what the API calls it. */
const HELD: Record<string, TextKey> = {
  snooze: "messages.held.snooze",
  "quiet hours": "messages.held.quietHours",
  "daily cap": "messages.held.dailyCap",
};

/** How a message or an alert is. */
export function MessageState({ status }: { status: Schema["MessageStatus"] }) {
  const { t } = useTexts();
  return <State kind={KINDS[status]} says={t(`messages.status.${status}`)} />;
}

/** What became of one message, in words, and since when. */
export function MessageWords({ message }: { message: Message }) {
  const { t } = useTexts();
  const held = message.held_for === null ? null : HELD[message.held_for];
  return (
    <>
      <MessageState status={message.status} />{" "}
      {message.ended_at !== null && <When at={message.ended_at} />}
      {message.status === "PENDING" && held && <span className="secondary">{t(held)} </span>}
      {message.status === "PENDING" && message.next_attempt_at !== null && (
        <span className="secondary">
          {t("messages.due")} <When at={message.next_attempt_at} />
        </span>
      )}
    </>
  );
}

/** Where a message goes: "By mail to ann@example.org". */
export function useChannelName(): (channel: Schema["ChannelName"]) => string {
  const { t } = useTexts();
  return ({ kind, address }) => t(`messages.to.${kind}`, { address });
}

/** What became of an alert or a report on each channel; each leads to its attempts. */
export function MessageList({ messages }: { messages: readonly Message[] }) {
  const { t } = useTexts();
  const nameOf = useChannelName();
  if (messages.length === 0) return <span className="muted">{t("messages.noChannel")}</span>;
  return (
    <ul className={styles.messages}>
      {messages.map((message) => (
        <li key={message.id}>
          <Link href={`/messages/sent/${message.id}`}>{nameOf(message.channel)}</Link>
          <br />
          <MessageWords message={message} />
        </li>
      ))}
    </ul>
  );
}

interface ProductProps {
  asin: string;
  domain: string;
  priceType: string;
  title: string | null;
}

/** A product by its title, which leads to its page. */
export function ProductLink({ asin, domain, priceType, title }: ProductProps) {
  return (
    <>
      <Link
        href={`/products/${domain}/${asin}?type=${priceType}`}
        className={styles.product}
        dir="auto"
      >
        {title ?? asin}
      </Link>
      <span className="secondary">
        {siteOf(domain)} · {priceType}
      </span>
    </>
  );
}
