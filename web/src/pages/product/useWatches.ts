import { useQuery } from "@tanstack/react-query";
import { api, type Locale, read } from "../../api/client";
import { useSession } from "../../session";

const MOST = 50;

/** Read one's own watches of a product; operators see the others' too. */
export function useWatches(asin: string, domain: Locale) {
  const { me } = useSession();
  const query = { q: asin, domain, owner_id: me.id, limit: MOST };
  return useQuery({
    queryKey: ["watches", "of", query],
    queryFn: () => read(api.GET("/api/v1/watches", { params: { query } })),
    select: ({ items }) => items.filter((one) => one.asin === asin),
  });
}
