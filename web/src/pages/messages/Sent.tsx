import { useState } from "react";
import { Link } from "wouter";
import { api, read, type Schema } from "../../api/client";
import { Listing } from "../../components/Listing";
import type { Column } from "../../components/Table";
import { When } from "../../components/When";
import { numberText } from "../../format";
import { useTexts } from "../../texts/texts";
import { usePages } from "../../usePages";
import { useOwner } from "./owner";
import { MessageWords, useChannelName } from "./parts";
import { type Status, StatusChoice } from "./StatusChoice";

type Message = Schema["MessageReply"];

const PER_PAGE = 50;

/** Every message: alerts, reports and notices, each on its way to one channel. */
export function Sent() {
  const { t, language } = useTexts();
  const owner = useOwner();
  const nameOf = useChannelName();
  const about = useAbout();
  const [status, setStatus] = useState<Status>("");
  const filters = { ...owner.query, ...(status && { status }) };
  const { query, pages } = usePages(["messages", "sent", filters], (cursor) =>
    read(
      api.GET("/api/v1/messages", {
        params: { query: { ...filters, limit: PER_PAGE, total: true, ...(cursor && { cursor }) } },
      }),
    ),
  );
  const columns: Column<Message>[] = [
    {
      head: t("messages.what"),
      cell: (message) => <Link href={`/messages/sent/${message.id}`}>{about(message)}</Link>,
    },
    { head: t("messages.where"), cell: (message) => nameOf(message.channel) },
    { head: t("messages.state"), cell: (message) => <MessageWords message={message} /> },
    {
      head: t("messages.detail"),
      cell: (message) => <span className="secondary">{message.detail}</span>,
    },
    { head: t("messages.queued"), cell: (message) => <When at={message.queued_at} /> },
    {
      head: t("messages.attempts"),
      cell: (message) => numberText(message.attempts, language),
      isNumber: true,
    },
  ];
  return (
    <Listing
      query={query}
      pages={pages}
      columns={columns}
      keyOf={(message) => message.id}
      label={t("messages.sent")}
      empty={t(status ? "messages.noneFound" : "messages.nothingSent")}
      {...(!status && { hint: t("messages.nothingSentDo") })}
      filters={
        <>
          {owner.choice}
          <StatusChoice value={status} onChange={setStatus} />
        </>
      }
    />
  );
}

/** What a message is about: an alert, a daily report, or a notice to an operator. */
export function useAbout(): (message: Message) => string {
  const { t } = useTexts();
  return (message) => {
    if (message.alert_id !== null) return t("messages.alertNumber", { id: message.alert_id });
    if (message.report_id !== null) return t("messages.reportNumber", { id: message.report_id });
    if (message.notice_id !== null) return t("messages.noticeNumber", { id: message.notice_id });
    return t("messages.messageNumber", { id: message.id });
  };
}
