import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, CONSOLE_PATH, type Locale, read, type Schema } from "../../api/client";
import { ButtonLink } from "../../components/Button";
import { Empty } from "../../components/Empty";
import { useFailure } from "../../components/Failed";
import { Page } from "../../components/Page";
import { Pages } from "../../components/Pages";
import { Simulated } from "../../components/Simulated";
import { Skeleton } from "../../components/Skeleton";
import { IS_MINI_APP } from "../../telegram";
import { useTexts } from "../../texts/texts";
import { useAddress } from "../../useAddress";
import { useChosen } from "../../useChosen";
import { WatchActions } from "./WatchActions";
import styles from "./Watches.module.css";
import { FILTERS, HELD, PRICES, STATES, WatchFilters } from "./WatchFilters";
import { WatchTable } from "./WatchTable";

const PER_PAGE = 50;

export default function Watches() {
  const { t } = useTexts();
  const { said } = useAddress();
  const query = queryOf(said);
  const watches = useQuery({
    queryKey: ["watches", "page", query],
    queryFn: () => read(api.GET("/api/v1/watches", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  const tags = useQuery({
    queryKey: ["watches", "tags"],
    queryFn: () => read(api.GET("/api/v1/tags")),
  });
  const known = useMemo(() => tags.data?.items.map(({ tag }) => tag) ?? [], [tags.data]);
  const items = watches.data?.items ?? NONE;
  const chosen = useChosen(useMemo(() => items.map(({ id }) => id), [items]));
  const failure = useFailure(watches);
  const isFiltered = FILTERS.some((name) => said(name) !== "");

  return (
    <Page
      title={t("watches.title")}
      action={
        <ButtonLink to="/add" look="main">
          {t("watches.add")}
        </ButtonLink>
      }
    >
      <WatchFilters tags={known} />
      <Simulated of={items.map(({ price }) => price)} />
      {watches.isPending && !failure && <Skeleton lines={10} height={56} />}
      {failure}
      {watches.data?.items.length === 0 && <Nothing isFiltered={isFiltered} />}
      {items.length > 0 && (
        <>
          <WatchTable watches={items} chosen={chosen} isOld={watches.isPlaceholderData} />
          <WatchActions
            chosen={items.filter(({ id }) => chosen.has(id))}
            tags={known}
            onNone={() => chosen.set([])}
          />
          {!IS_MINI_APP && (
            // In Telegram only the pages' own requests are signed, and its window saves no files.
            <p className={styles.export}>
              <a href={`${CONSOLE_PATH}/api/v1/watches/export`} download="watches.csv">
                {t("export.csv")}
              </a>
            </p>
          )}
          <Pages
            shown={items.length}
            perPage={PER_PAGE}
            next={watches.data?.next_cursor ?? null}
            total={watches.data?.total ?? null}
          />
        </>
      )}
    </Page>
  );
}

const NONE: readonly Schema["WatchReply"][] = [];

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  const { t } = useTexts();
  if (isFiltered) {
    return (
      <Empty
        says={t("watches.noneFound")}
        action={<ButtonLink to="/watches">{t("watches.showAll")}</ButtonLink>}
      />
    );
  }
  return (
    <Empty
      says={t("watches.empty")}
      hint={t("watches.emptyDo")}
      action={<ButtonLink to="/add">{t("watches.add")}</ButtonLink>}
    />
  );
}

/** Return what the address asks for; a word that is none is not asked for. */
function queryOf(said: (name: string) => string) {
  const state = STATES.find((one) => one === said("state"));
  const price = PRICES.find((one) => one === said("price"));
  const q = said("q");
  const cursor = said("cursor");
  return {
    limit: PER_PAGE,
    sort: (said("sort") || "-changed_at") as Schema["WatchSort"],
    ...(q && { q }),
    ...(said("domain") && { domain: said("domain") as Locale }),
    ...(said("tag") && { tag: [said("tag")] }),
    // Counting what a price does would read as much as the page itself does, again.
    ...(!price && { total: true }),
    ...(state && { status: [state] }),
    ...(said("state") === HELD && { is_held: true }),
    ...(price && { price_is: price }),
    ...(/^\d+$/.test(said("owner")) && { owner_id: Number(said("owner")) }),
    ...(cursor && { cursor }),
  };
}
