import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, read, type Schema } from "../../api/client";
import { Button } from "../../components/Button";
import { Listing } from "../../components/Listing";
import type { Column } from "../../components/Table";
import { useToast } from "../../components/Toast";
import { When } from "../../components/When";
import { siteMoney } from "../../format";
import { useTexts } from "../../texts/texts";
import { usePages } from "../../usePages";
import { useOwner } from "./owner";
import { MessageList, ProductLink } from "./parts";
import { type Status, StatusChoice } from "./StatusChoice";

type Alert = Schema["AlertReply"];

const PER_PAGE = 50;

/** For which prices alerts were raised, why, and what became of them. */
export function Alerts() {
  const { t } = useTexts();
  const owner = useOwner();
  const [status, setStatus] = useState<Status>("");
  const filters = { ...owner.query, ...(status && { status }) };
  const { query, pages } = usePages(["messages", "alerts", filters], (cursor) =>
    read(
      api.GET("/api/v1/alerts", {
        params: { query: { ...filters, limit: PER_PAGE, total: true, ...(cursor && { cursor }) } },
      }),
    ),
  );
  const columns: Column<Alert>[] = [
    {
      head: t("messages.product"),
      cell: (alert) => (
        <>
          <ProductLink {...alert} priceType={alert.price_type} />
          {owner.showsAll && <span className="secondary"> · {alert.owner}</span>}
        </>
      ),
    },
    { head: t("messages.price"), cell: (alert) => <AlertPrice alert={alert} />, isNumber: true },
    { head: t("messages.why"), cell: (alert) => alert.reason },
    { head: t("messages.raised"), cell: (alert) => <When at={alert.raised_at} /> },
    {
      head: t("messages.sentTo"),
      cell: (alert) => (
        <>
          <MessageList messages={alert.messages} />
          {alert.status === "PENDING" && <Seen alert={alert} />}
        </>
      ),
    },
  ];
  return (
    <Listing
      query={query}
      pages={pages}
      columns={columns}
      keyOf={(alert) => alert.id}
      label={t("messages.alerts")}
      empty={t(status ? "messages.noneFound" : "messages.noAlerts")}
      {...(!status && { hint: t("messages.noAlertsDo") })}
      filters={
        <>
          {owner.choice}
          <StatusChoice value={status} onChange={setStatus} />
        </>
      }
    />
  );
}

function AlertPrice({ alert }: { alert: Alert }) {
  const { t } = useTexts();
  return (
    <>
      <strong>{alert.price ? siteMoney(alert.price, alert.domain) : t("price.noOffer")}</strong>
      {alert.previous_price && (
        <>
          <br />
          <span className="secondary">
            {t("messages.before", { amount: siteMoney(alert.previous_price, alert.domain) })}
          </span>
        </>
      )}
    </>
  );
}

/** An alert that was seen is not sent any more. */
function Seen({ alert }: { alert: Alert }) {
  const { t } = useTexts();
  const queries = useQueryClient();
  const say = useToast();
  const seen = useMutation({
    mutationFn: () =>
      read(
        api.PATCH("/api/v1/alerts/{alert_id}", {
          params: { path: { alert_id: alert.id } },
          body: { acknowledged: true },
        }),
      ),
    onSuccess: ({ dropped }) => {
      queries.invalidateQueries({ queryKey: ["messages"] });
      say({ says: t("messages.seenDropped", { dropped }) });
    },
    onError: (error) => say({ says: error.message }),
  });
  return (
    <Button look="quiet" disabled={seen.isPending} onClick={() => seen.mutate()}>
      {t("messages.seen")}
      <span className="unseen"> {alert.title ?? alert.asin}</span>
    </Button>
  );
}
