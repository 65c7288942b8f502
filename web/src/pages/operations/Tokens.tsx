import { useQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "wouter";
import { api, read, type Schema } from "../../api/client";
import { Listing, Read } from "../../components/Listing";
import { State, type StateKind } from "../../components/State";
import { type Column, Table } from "../../components/Table";
import { When } from "../../components/When";
import { percentText } from "../../format";
import { durationText } from "../../quantities";
import { useTexts } from "../../texts/texts";
import { usePages } from "../../usePages";
import { Facts } from "./Facts";
import styles from "./Operations.module.css";
import { Count, EVERY_MS, PER_PAGE, RunLink } from "./parts";

const PLANNED = 20;
const LEDGER_KINDS: Record<Schema["TokenRequestReply"]["state"], StateKind> = {
  RESERVED: "muted",
  CHARGED: "good",
  REFUSED: "bad",
  UNKNOWN: "warn",
};

/** Keepa's tokens: how many there are, what the next run would spend, and what each request did. */
export function Tokens() {
  const [search] = useSearchParams();
  const run = search.get("run_id");
  return (
    <>
      {run === null && <Balances />}
      {run === null && <Plan />}
      <Ledger run={run} />
    </>
  );
}

function Balances() {
  const { t } = useTexts();
  const query = useQuery({
    queryKey: ["operations", "tokens"],
    queryFn: () => read(api.GET("/api/v1/tokens")),
    refetchInterval: EVERY_MS,
  });
  const columns: Column<Schema["TokenUseReply"]>[] = [
    { head: t("operations.endpoint"), cell: (use) => use.endpoint },
    { head: t("operations.requests"), cell: (use) => <Count of={use.requests} />, isNumber: true },
    { head: t("operations.products"), cell: (use) => <Count of={use.products} />, isNumber: true },
    {
      head: t("operations.estimated"),
      cell: (use) => <Count of={use.estimated} />,
      isNumber: true,
    },
    { head: t("operations.charged"), cell: (use) => <Count of={use.charged} />, isNumber: true },
    {
      head: t("operations.unsettled"),
      cell: (use) => <Count of={use.unsettled} />,
      isNumber: true,
    },
    {
      head: t("operations.elsewhere"),
      cell: (use) => <Count of={use.elsewhere} />,
      isNumber: true,
    },
  ];
  return (
    <section className={styles.section}>
      <Read title={t("operations.balance")} query={query} lines={3}>
        {({ items, since }) =>
          items.length === 0 ? (
            <p className="muted">{t("operations.noBalance")}</p>
          ) : (
            items.map((account) => (
              <div key={account.account} className={styles.section}>
                <Facts
                  facts={[
                    [t("operations.left"), <Count key="left" of={account.left} />],
                    [t("operations.most"), <Count key="most" of={account.most} />],
                    [t("operations.refill"), <Count key="refill" of={account.refill_per_minute} />],
                    [t("operations.reserve"), <Count key="reserve" of={account.reserve} />],
                    [t("operations.reported"), <When key="reported" at={account.reported_at} />],
                    [t("operations.account"), account.account],
                  ]}
                />
                <p className="secondary">
                  {t("operations.spentSince")} <When at={since} />
                </p>
                {account.spent.length === 0 ? (
                  <p className="muted">{t("operations.noneSpent")}</p>
                ) : (
                  <Table
                    label={t("operations.spentSince")}
                    columns={columns}
                    rows={account.spent}
                    keyOf={(use) => use.endpoint}
                  />
                )}
              </div>
            ))
          )
        }
      </Read>
    </section>
  );
}

function Plan() {
  const { t, language } = useTexts();
  const query = useQuery({
    queryKey: ["operations", "plan"],
    queryFn: () => read(api.GET("/api/v1/tokens/plan", { params: { query: { limit: PLANNED } } })),
  });
  const columns: Column<Schema["PlannedProduct"]>[] = [
    {
      head: t("operations.product"),
      cell: (one) => <Link href={`/products/${one.domain}/${one.asin}`}>{one.asin}</Link>,
    },
    { head: t("operations.locale"), cell: (one) => one.domain },
    { head: t("operations.detail"), cell: (one) => one.detail },
    { head: t("operations.checked"), cell: (one) => <When at={one.last_checked_at} /> },
    {
      head: t("operations.distance"),
      cell: (one) => (one.distance === null ? "–" : percentText(one.distance, language)),
      isNumber: true,
    },
    { head: t("operations.changes"), cell: (one) => <Count of={one.changes} />, isNumber: true },
  ];
  return (
    <section className={styles.section}>
      <Read title={t("operations.plan")} query={query} lines={3}>
        {(plan) => (
          <>
            <p>{plan.summary ?? t("operations.noBalance")}</p>
            <Facts
              facts={[
                [t("operations.now"), <Count key="now" of={plan.products_now} />],
                [t("operations.later"), <Count key="later" of={plan.products_later} />],
                [t("operations.cost"), <Count key="cost" of={plan.cost} />],
                [t("operations.wait"), durationText(plan.wait_s, language)],
              ]}
            />
            {plan.now.length > 0 && (
              <details>
                <summary>{t("operations.showNow")}</summary>
                <Table
                  label={t("operations.now")}
                  columns={columns}
                  rows={plan.now}
                  keyOf={(one) => `${one.domain} ${one.asin}`}
                />
              </details>
            )}
            {plan.later.length > 0 && (
              <details>
                <summary>{t("operations.showLater")}</summary>
                <Table
                  label={t("operations.later")}
                  columns={columns}
                  rows={plan.later}
                  keyOf={(one) => `${one.domain} ${one.asin}`}
                />
              </details>
            )}
          </>
        )}
      </Read>
    </section>
  );
}

function Ledger({ run }: { run: string | null }) {
  const { t } = useTexts();
  const filters = run === null ? {} : { run_id: run };
  const { query, pages } = usePages(
    ["operations", "ledger", filters],
    (cursor) =>
      read(
        api.GET("/api/v1/tokens/ledger", {
          params: {
            query: { ...filters, limit: PER_PAGE, total: true, ...(cursor && { cursor }) },
          },
        }),
      ),
    EVERY_MS,
  );
  const columns: Column<Schema["TokenRequestReply"]>[] = [
    {
      head: t("operations.endpoint"),
      cell: (one) => [one.endpoint, one.domain, one.detail].filter(Boolean).join(" · "),
    },
    { head: t("operations.asked"), cell: (one) => <When at={one.requested_at} /> },
    {
      head: t("operations.state"),
      cell: (one) => (
        <>
          <State kind={LEDGER_KINDS[one.state]} says={t(`operations.ledger.${one.state}`)} />
          {one.http_status !== null && <span className="secondary"> · HTTP {one.http_status}</span>}
        </>
      ),
    },
    { head: t("operations.products"), cell: (one) => <Count of={one.products} />, isNumber: true },
    {
      head: t("operations.estimated"),
      cell: (one) => <Count of={one.tokens_estimated} />,
      isNumber: true,
    },
    {
      head: t("operations.charged"),
      cell: (one) => <Count of={one.tokens_charged} />,
      isNumber: true,
    },
    { head: t("operations.left"), cell: (one) => <Count of={one.tokens_left} />, isNumber: true },
    { head: t("operations.runOf"), cell: (one) => <RunLink id={one.run_id} /> },
  ];
  return (
    <section className={styles.section}>
      {run !== null && (
        <p>
          <RunLink id={run} /> · <Link href="/operations/tokens">{t("operations.showAll")}</Link>
        </p>
      )}
      <Listing
        title={t("operations.ledger")}
        query={query}
        pages={pages}
        columns={columns}
        keyOf={(one) => one.id}
        label={t("operations.ledger")}
        empty={t("operations.noLedger")}
      />
    </section>
  );
}
