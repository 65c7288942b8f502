import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, read, type Schema } from "../../api/client";
import { Button, ButtonLink } from "../../components/Button";
import { Empty } from "../../components/Empty";
import { Failed } from "../../components/Failed";
import { Choice, Field } from "../../components/Field";
import { Page } from "../../components/Page";
import { Skeleton } from "../../components/Skeleton";
import { useTexts } from "../../texts/texts";
import { useDelayed } from "../../useDelayed";
import styles from "./Watches.module.css";
import { WatchTable } from "./WatchTable";

type Sort = "-changed_at" | "-created_at" | "title";
type Status = Schema["WatchStatus"] | "";

const PER_PAGE = 50;

export default function Watches() {
  const { t } = useTexts();
  const [search, setSearch] = useState("");
  const [status, setStatus] = useState<Status>("");
  const [sort, setSort] = useState<Sort>("-changed_at");
  const [cursor, setCursor] = useState<string | null>(null);
  const q = useDelayed(search.trim());
  const query = {
    limit: PER_PAGE,
    sort,
    ...(q && { q }),
    ...(status && { status: [status] }),
    ...(cursor && { cursor }),
  };
  const watches = useQuery({
    queryKey: ["watches", "page", query],
    queryFn: () => read(api.GET("/api/v1/watches", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  const isFiltered = q !== "" || status !== "";
  /** A page's cursor belongs to its order and filters. */
  const fromTheFirst =
    <T,>(set: (value: T) => void) =>
    (value: T) => {
      set(value);
      setCursor(null);
    };

  return (
    <Page
      title={t("watches.title")}
      action={
        <ButtonLink to="/add" look="main">
          {t("watches.add")}
        </ButtonLink>
      }
    >
      <search className={styles.filters}>
        <Field
          label={t("watches.search")}
          type="search"
          value={search}
          onChange={(event) => fromTheFirst(setSearch)(event.target.value)}
        />
        <Choice
          label={t("watches.status")}
          value={status}
          onChange={(event) => fromTheFirst(setStatus)(event.target.value as Status)}
          options={[
            ["", t("watches.all")],
            ["ACTIVE", t("watches.active")],
            ["PAUSED", t("watches.paused")],
          ]}
        />
        <Choice
          label={t("watches.sort")}
          value={sort}
          onChange={(event) => fromTheFirst(setSort)(event.target.value as Sort)}
          options={(["-changed_at", "-created_at", "title"] as const).map((order) => [
            order,
            t(`watches.sort.${order}`),
          ])}
        />
      </search>
      {watches.isPending && <Skeleton lines={8} height={56} />}
      {watches.error && <Failed error={watches.error} retry={watches.refetch} />}
      {watches.data?.items.length === 0 &&
        (isFiltered ? (
          <Empty says={t("watches.noneFound")} />
        ) : (
          <Empty says={t("watches.empty")} hint={t("watches.emptyDo")} />
        ))}
      {watches.data && watches.data.items.length > 0 && (
        <>
          <WatchTable watches={watches.data.items} />
          <p className={styles.pages}>
            {cursor && <Button onClick={() => setCursor(null)}>{t("do.first")}</Button>}
            {watches.data.next_cursor && (
              <Button onClick={() => setCursor(watches.data.next_cursor)}>{t("do.next")}</Button>
            )}
          </p>
        </>
      )}
    </Page>
  );
}
