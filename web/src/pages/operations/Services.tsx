import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { api, read, type Schema } from "../../api/client";
import { Read } from "../../components/Listing";
import { State, type StateKind } from "../../components/State";
import { type Column, Table } from "../../components/Table";
import { When } from "../../components/When";
import { useTexts } from "../../texts/texts";
import { Facts } from "./Facts";
import styles from "./Operations.module.css";
import { Count, EVERY_MS } from "./parts";

const KINDS: Record<Schema["HealthState"], StateKind> = {
  ready: "good",
  "not configured": "muted",
  degraded: "warn",
  down: "bad",
};

/** How each part of Keeper is, and what wants an operator's eye. */
export function Services() {
  const { t } = useTexts();
  const status = useQuery({
    queryKey: ["operations", "status"],
    queryFn: () => read(api.GET("/api/v1/status")),
    refetchInterval: EVERY_MS,
  });
  const columns: Column<Schema["PartReply"]>[] = [
    { head: t("operations.part"), cell: (part) => <strong>{part.part}</strong> },
    {
      head: t("operations.state"),
      cell: (part) => (
        <State kind={KINDS[part.state]} says={t(`operations.health.${part.state}`)} />
      ),
    },
    { head: t("operations.says"), cell: (part) => part.says ?? "–" },
  ];
  return (
    <>
      <section className={styles.section}>
        <Read query={status} lines={3}>
          {(found) => (
            <>
              <p>
                <State kind={KINDS[found.status]} says={t(`operations.overall.${found.status}`)} />
              </p>
              <Table
                label={t("operations.services")}
                columns={columns}
                rows={found.parts}
                keyOf={(part) => part.part}
              />
            </>
          )}
        </Read>
      </section>
      <Summary />
    </>
  );
}

/** Numbers of the summary, each with what it is called and where it leads. */
const COUNTS = [
  ["operations.runsFailed", "/operations/runs", "runs_failed_24h"],
  ["operations.tokensLeft", "/operations/tokens", "tokens_left"],
  ["operations.noticesOpen", "/operations/notices", "notices_open"],
  ["operations.requestsOpen", "/operations/requests", "requests_open"],
  ["operations.quarantined", "/operations/quarantine", "quarantined_24h"],
  ["operations.waiting", "/messages/sent", "messages_waiting"],
] as const;

/** The numbers that say whether all goes on, each leading to its page. */
function Summary() {
  const { t } = useTexts();
  const summary = useQuery({
    queryKey: ["operations", "summary"],
    queryFn: () => read(api.GET("/api/v1/summary")),
    refetchInterval: EVERY_MS,
  });
  return (
    <section className={styles.section}>
      <Read title={t("operations.today")} query={summary} lines={2}>
        {(found) => (
          <Facts
            facts={[
              [t("operations.pricesChecked"), <When key="checked" at={found.prices_checked_at} />],
              ...COUNTS.map(([text, href, name]): [string, ReactNode] => [
                t(text),
                <Link key={name} href={href}>
                  <Count of={found[name]} />
                </Link>,
              ]),
            ]}
          />
        )}
      </Read>
    </section>
  );
}
