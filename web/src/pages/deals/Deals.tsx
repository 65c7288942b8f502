import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, type Locale, read, type Schema } from "../../api/client";
import { ButtonLink } from "../../components/Button";
import { Empty } from "../../components/Empty";
import { useFailure } from "../../components/Failed";
import { Page } from "../../components/Page";
import { Pages } from "../../components/Pages";
import { Simulated } from "../../components/Simulated";
import { Skeleton } from "../../components/Skeleton";
import { useSession } from "../../session";
import { useTexts } from "../../texts/texts";
import { useAddress } from "../../useAddress";
import { DealFilters, SEEN_DAYS, SORTS } from "./DealFilters";
import { DealLine } from "./DealLine";
import styles from "./Deals.module.css";
import { usePasts } from "./Past";
import { AddFilter, SavedFilters, useFilters } from "./SavedFilters";

const PER_PAGE = 50;
const DAY_MS = 86_400_000;

/** What the saved searches found, the best first. */
export default function Deals() {
  const { t } = useTexts();
  const { isOperator } = useSession();
  const { said } = useAddress();
  const filters = useFilters();
  const query = queryOf(said);
  const days = SEEN_DAYS.find(([word]) => word === said("seen"))?.[1] ?? 1;
  const deals = useQuery({
    queryKey: ["deals", "page", query, days],
    queryFn: () =>
      read(api.GET("/api/v1/deals", { params: { query: { ...query, since: daysAgo(days) } } })),
    placeholderData: keepPreviousData,
  });
  const pasts = usePasts(deals.data?.items);
  // What one can choose among is not known before the searches are.
  const isPending =
    pasts.isAwaited || [deals, filters].some((one) => one.isPending && !one.isFetched);
  const failure = useFailure(deals);
  // One page counts itself.
  const isOfSeveral = Boolean(deals.data?.next_cursor || said("cursor"));
  const total = useTotal(query, days, isOfSeveral);
  const isUnused = filters.data?.length === 0;
  const items = deals.data?.items ?? [];
  return (
    <Page
      title={t("deals.title")}
      action={isOperator && <ButtonLink to="/deals/discovery">{t("discovery.title")}</ButtonLink>}
    >
      {isPending && <Skeleton lines={6} height={96} />}
      {!isUnused && !isPending && <DealFilters searches={filters.data ?? []} />}
      <Simulated of={isPending ? [] : items} />
      {failure}
      {isUnused && (
        <Empty
          says={t("deals.empty")}
          hint={t("deals.emptyDo")}
          action={<AddFilter look="main" />}
        />
      )}
      {deals.data && items.length === 0 && !isUnused && !isPending && (
        <Empty says={t("deals.none")} hint={t("deals.noneDo")} />
      )}
      {items.length > 0 && !isPending && (
        <>
          <ul className={styles.list} aria-busy={deals.isPlaceholderData}>
            {items.map((deal) => (
              <DealLine key={deal.id} deal={deal} past={pasts.of.get(deal.id)} />
            ))}
          </ul>
          <Pages
            shown={items.length}
            perPage={PER_PAGE}
            next={deals.data?.next_cursor ?? null}
            total={total}
          />
        </>
      )}
      {!isUnused && <SavedFilters filters={filters} />}
    </Page>
  );
}

function daysAgo(days: number): string {
  return new Date(Date.now() - days * DAY_MS).toISOString();
}

/** Return how many deals there are on all pages; null while nobody has counted them. */
function useTotal(query: ReturnType<typeof queryOf>, days: number, enabled: boolean) {
  const { limit: _, sort: __, cursor: ___, ...filters } = query;
  const counted = useQuery({
    queryKey: ["deals", "total", filters, days],
    queryFn: () =>
      read(
        api.GET("/api/v1/deals/aggregations", {
          params: { query: { ...filters, since: daysAgo(days) } },
        }),
      ),
    enabled,
    placeholderData: keepPreviousData,
  });
  return counted.data?.deals ?? null;
}

function queryOf(said: (name: string) => string) {
  const domain = said("domain");
  const sort = SORTS.find((one) => one === said("sort")) ?? "-score";
  const number = (name: string) => (/^\d+$/.test(said(name)) ? Number(said(name)) : null);
  const search = number("search");
  const score = number("score");
  const discount = number("discount");
  return {
    limit: PER_PAGE,
    // Amounts of several currencies have no order.
    sort: (sort === "price" && !domain ? "-score" : sort) as Schema["DealSort"],
    ...(said("q") && { q: said("q") }),
    ...(domain && { domain: domain as Locale }),
    ...(search !== null && { filter_id: search }),
    ...(score !== null && { min_score: Math.min(score, 100) }),
    ...(discount !== null && { min_discount: Math.min(discount, 100) }),
    ...(said("cursor") && { cursor: said("cursor") }),
  };
}
