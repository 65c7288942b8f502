import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { api, read, type Schema } from "./api/client";

type Request = Schema["RequestReply"];

const AGAIN_MS = 1_000;

/** Return whether nothing more will become of a request. */
export function isOver(request: Request): boolean {
  return request.state !== "waiting" && request.state !== "running";
}

/** Follow something that was asked for until it is over; null for nothing. */
export function useRequest(id: number | null): UseQueryResult<Request> {
  return useQuery({
    queryKey: ["requests", id],
    queryFn: () =>
      read(api.GET("/api/v1/requests/{request_id}", { params: { path: { request_id: id ?? 0 } } })),
    enabled: id !== null,
    refetchInterval: (query) =>
      query.state.data !== undefined && isOver(query.state.data) ? false : AGAIN_MS,
  });
}
