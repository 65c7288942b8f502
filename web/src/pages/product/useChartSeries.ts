import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, type Locale, type PriceType, read, type Schema } from "../../api/client";
import type { ChartSeries } from "../../chart/series";
import type { Span } from "../../chart/steps";
import { useLastError } from "../../useLastError";

/** As many points as a wide screen has pixels; the API keeps every low and gap of longer ones. */
const POINTS = 1_000;
const ROUND_S = 3_600;

/** A price of a product that may be drawn. */
export interface SeriesName {
  domain: Locale;
  priceType: PriceType;
  label: string;
  look: number;
}

type Columns = Schema["HistoryColumns"];

/** Return the key of a series among those of a product. */
export function keyOf({ domain, priceType }: Pick<SeriesName, "domain" | "priceType">): string {
  return `${domain} ${priceType}`;
}

/** Read all of a price's history, thinned to what a chart has room for. */
export function useWhole(asin: string, name: SeriesName, withShipping: boolean, isKnown: boolean) {
  return useQuery({ ...columnsQuery(asin, name, withShipping, null), enabled: isKnown });
}

/** Read the histories of a product's prices, for a chart; the first is the watched one. */
export function useChartSeries(
  asin: string,
  names: readonly [SeriesName, ...SeriesName[]],
  withShipping: boolean,
  span: Span | null,
) {
  const queries = useQueryClient();
  const [watched, ...others] = names;
  const first = useWhole(asin, watched, withShipping, true);
  const rest = useQuery({
    queryKey: ["product", watched.domain, asin, "others", others.map(keyOf), withShipping],
    queryFn: () =>
      Promise.all(
        others.map(async (name): Promise<[string, Columns | undefined]> => {
          const asked = queries.fetchQuery(columnsQuery(asin, name, withShipping, null));
          // What cannot be read is not drawn; the others are.
          return [keyOf(name), await asked.catch(() => undefined)];
        }),
      ),
    enabled: others.length > 0,
    placeholderData: keepPreviousData,
  });
  const whole = first.data;
  // Of a history with more points than are drawn, a part that is looked at closer is read anew.
  const isThinned = whole !== undefined && whole.known_points > whole.times.length;
  const detail = useQuery({
    ...columnsQuery(asin, names[0], withShipping, span),
    enabled: isThinned && span !== null,
    placeholderData: keepPreviousData,
  });
  const isDetailed = isThinned && span !== null && !detail.isPlaceholderData;
  const closer = isDetailed ? detail.data : undefined;
  const series = useMemo(() => {
    const read = new Map(rest.data);
    return names.flatMap((name, place): ChartSeries[] => {
      const found = place === 0 ? (closer ?? whole) : read.get(keyOf(name));
      return found ? [seriesOf(name, found)] : [];
    });
  }, [names, closer, whole, rest.data]);
  const error = useLastError(first);
  return { series, whole, isPending: first.isPending && !error, error, retry: first.refetch };
}

function seriesOf(name: SeriesName, columns: Columns): ChartSeries {
  return {
    key: keyOf(name),
    label: name.label,
    steps: columns,
    currency: columns.series.currency,
    domain: name.domain,
    look: name.look,
  };
}

function columnsQuery(
  asin: string,
  { domain, priceType }: SeriesName,
  withShipping: boolean,
  span: Span | null,
) {
  const query = {
    domain,
    price_type: priceType,
    points: POINTS,
    with_shipping: withShipping,
    ...(span && partOf(span)),
  };
  return {
    queryKey: ["product", domain, asin, "columns", query],
    queryFn: () =>
      read(api.GET("/api/v1/prices/{asin}/history/columns", { params: { path: { asin }, query } })),
  };
}

/** Return a span as the API takes it, the same one for a while though time goes on. */
function partOf({ from, to }: Span): { since: string; until?: string } {
  const since = momentOf(Math.floor(from / ROUND_S) * ROUND_S);
  const isOpen = to > Date.now() / 1000 - ROUND_S;
  return isOpen ? { since } : { since, until: momentOf(to) };
}

function momentOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
