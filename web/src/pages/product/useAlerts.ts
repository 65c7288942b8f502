import { useQuery } from "@tanstack/react-query";
import { api, read, type Schema } from "../../api/client";

const MOST = 500;
const NONE: readonly Schema["AlertReply"][] = [];

/** Read the newest alerts of a watch. */
export function useAlerts(watchId: number | undefined) {
  const alerts = useQuery({
    queryKey: ["product", "alerts", watchId],
    queryFn: () =>
      read(
        api.GET("/api/v1/alerts", {
          params: { query: { limit: MOST, ...(watchId !== undefined && { watch_id: watchId }) } },
        }),
      ),
    enabled: watchId !== undefined,
  });
  return { ...alerts, items: alerts.data?.items ?? NONE };
}
