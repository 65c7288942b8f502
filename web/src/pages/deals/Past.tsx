import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, read, type Schema } from "../../api/client";
import type { Steps } from "../../chart/steps";
import { Sparkline } from "../../components/Sparkline";
import { useTexts } from "../../texts/texts";
import styles from "./Deals.module.css";

/** A price between two moments, in seconds. */
export interface Drawn {
  series: Steps;
  from: number;
  to: number;
}

const NONE: readonly Schema["DealReply"][] = [];

interface Pasts {
  of: ReadonlyMap<string, Drawn>;
  /** Whether they may still come: what room they take is not known before. */
  isAwaited: boolean;
}

/** Read what the products of deals cost in the last year, all at once; by the deal's id. */
export function usePasts(deals: readonly Schema["DealReply"][] = NONE): Pasts {
  const ids = useMemo(() => deals.map(({ id }) => id), [deals]);
  const { data, dataUpdatedAt, isLoading, failureCount } = useQuery({
    queryKey: ["deals", "sparklines", ids],
    queryFn: () => read(api.GET("/api/v1/deals/sparklines", { params: { query: { id: ids } } })),
    enabled: ids.length > 0,
    placeholderData: keepPreviousData,
  });
  const of = useMemo(() => {
    const [from, to] = [data ? Date.parse(data.since) / 1000 : 0, dataUpdatedAt / 1000];
    return new Map(data?.items.map((series) => [series.id, { series, from, to }]));
  }, [data, dataUpdatedAt]);
  return { of, isAwaited: isLoading && failureCount === 0 };
}

/** What a product cost in the last year, beside its deal; its room stays where that is unknown. */
export function Past({ drawn }: { drawn: Drawn | undefined }) {
  const { t } = useTexts();
  return (
    <p className={`${styles.past} ${drawn ? "" : styles.unknown}`}>
      {drawn && (
        <>
          <Sparkline {...drawn} isLarge />
          <span className="secondary">{t("deals.year")}</span>
        </>
      )}
    </p>
  );
}
