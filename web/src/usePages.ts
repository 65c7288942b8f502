import { keepPreviousData, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useState } from "react";

interface Pages<Data> {
  query: UseQueryResult<Data>;
  pages: { cursor: string | null; goTo: (cursor: string | null) => void };
}

/** Read a list page by page. A cursor belongs to its filters, which are part of the key: others
 * begin at the first page. */
export function usePages<Data>(
  key: readonly unknown[],
  readPage: (cursor: string | null) => Promise<Data>,
  everyMs?: number,
): Pages<Data> {
  const filters = JSON.stringify(key);
  const [place, setPlace] = useState<{ filters: string; cursor: string | null }>({
    filters,
    cursor: null,
  });
  const cursor = place.filters === filters ? place.cursor : null;
  const query = useQuery({
    queryKey: [...key, cursor],
    queryFn: () => readPage(cursor),
    placeholderData: keepPreviousData,
    ...(everyMs !== undefined && { refetchInterval: everyMs }),
  });
  return { query, pages: { cursor, goTo: (to) => setPlace({ filters, cursor: to }) } };
}
