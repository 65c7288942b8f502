import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "wouter";
import { api, read, type Schema } from "../../api/client";
import { Empty } from "../../components/Empty";
import { Read } from "../../components/Listing";
import { State, type StateKind } from "../../components/State";
import { type Column, Table } from "../../components/Table";
import { When } from "../../components/When";
import { numberText, siteMoney } from "../../format";
import { durationText } from "../../quantities";
import { useTexts } from "../../texts/texts";
import styles from "./Messages.module.css";
import { MessageWords, ProductLink, useChannelName } from "./parts";
import { useAbout } from "./Sent";

type Delivery = Schema["DeliveryReply"];

const KINDS: Record<Schema["DeliveryStatus"], StateKind> = {
  SENT: "good",
  FAILED: "bad",
  UNKNOWN: "warn",
  NOT_CONFIGURED: "warn",
};

/** One message: what it is about, where it goes, and each attempt to send it. */
export function Message() {
  const { t, language } = useTexts();
  const { id } = useParams<{ id: string }>();
  const nameOf = useChannelName();
  const about = useAbout();
  const query = useQuery({
    queryKey: ["messages", "one", id],
    queryFn: () =>
      read(
        api.GET("/api/v1/messages/{message_id}", { params: { path: { message_id: Number(id) } } }),
      ),
  });
  const columns: Column<Delivery>[] = [
    {
      head: t("messages.attempt"),
      cell: (delivery) =>
        t("messages.attemptNumber", { number: numberText(delivery.attempt, language) }),
    },
    { head: t("messages.at"), cell: (delivery) => <When at={delivery.attempted_at} /> },
    {
      head: t("messages.ended"),
      cell: (delivery) => (
        <State kind={KINDS[delivery.status]} says={t(`messages.delivery.${delivery.status}`)} />
      ),
    },
    {
      head: t("messages.answer"),
      cell: (delivery) => delivery.detail ?? <span className="muted">{t("messages.none")}</span>,
    },
    {
      head: t("messages.took"),
      cell: (delivery) =>
        delivery.seconds === null ? "–" : durationText(delivery.seconds, language),
      isNumber: true,
    },
    {
      head: t("messages.next"),
      cell: (delivery) =>
        delivery.next_attempt_at === null ? (
          <span className="muted">{t("messages.none")}</span>
        ) : (
          <When at={delivery.next_attempt_at} />
        ),
    },
  ];
  return (
    <Read query={query}>
      {({ message, deliveries }) => (
        <section className={styles.section}>
          <h2>{about(message)}</h2>
          {message.alert_id !== null && <AboutAlert id={message.alert_id} />}
          {message.report_id !== null && (
            <p>
              <Link href={`/messages/reports/${message.report_id}`}>
                {t("messages.showReport")}
              </Link>
            </p>
          )}
          <p>
            {nameOf(message.channel)} · <MessageWords message={message} />
          </p>
          {message.sent_with !== null && (
            <p>
              <Link href={`/messages/sent/${message.sent_with}`}>{t("messages.digest")}</Link>
            </p>
          )}
          {deliveries.length === 0 ? (
            <Empty says={t("messages.noAttempt")} hint={t("messages.noAttemptHint")} />
          ) : (
            <Table
              label={t("messages.attempts")}
              columns={columns}
              rows={deliveries}
              keyOf={(delivery) => delivery.id}
            />
          )}
        </section>
      )}
    </Read>
  );
}

function AboutAlert({ id }: { id: number }) {
  const { t } = useTexts();
  const alert = useQuery({
    queryKey: ["messages", "alert", id],
    queryFn: () =>
      read(api.GET("/api/v1/alerts/{alert_id}", { params: { path: { alert_id: id } } })),
  });
  if (!alert.data) return null;
  return (
    <div>
      <ProductLink {...alert.data} priceType={alert.data.price_type} />
      <p>
        {alert.data.price ? siteMoney(alert.data.price, alert.data.domain) : t("price.noOffer")}
        {": "}
        {alert.data.reason}
      </p>
    </div>
  );
}
