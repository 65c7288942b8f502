import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, read, type Schema } from "../../api/client";
import { Button } from "../../components/Button";
import { Listing } from "../../components/Listing";
import type { Column } from "../../components/Table";
import { useToast } from "../../components/Toast";
import { When } from "../../components/When";
import { useTexts } from "../../texts/texts";
import { usePages } from "../../usePages";
import { isOver } from "../../useRequest";
import { Outcome } from "./Asked";
import { EVERY_MS, PER_PAGE, RequestStateWords } from "./parts";

type Request = Schema["RequestReply"];

/** What somebody asked for that a worker does: where it is, and what came of it. */
export function Requests() {
  const { t } = useTexts();
  const queries = useQueryClient();
  const say = useToast();
  const { query, pages } = usePages(
    ["operations", "requests"],
    (cursor) =>
      read(
        api.GET("/api/v1/requests", {
          params: { query: { limit: PER_PAGE, total: true, ...(cursor && { cursor }) } },
        }),
      ),
    EVERY_MS,
  );
  const cancel = useMutation({
    mutationFn: (request_id: number) =>
      read(api.DELETE("/api/v1/requests/{request_id}", { params: { path: { request_id } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["operations", "requests"] }),
    onError: (error) => say({ says: error.message }),
  });
  const columns: Column<Request>[] = [
    {
      head: t("operations.what"),
      cell: (request) => (
        <>
          <strong>{t(`operations.kind.${request.kind}`)}</strong>
          <br />
          <span className="secondary">{argumentsOf(request)}</span>
        </>
      ),
    },
    { head: t("operations.who"), cell: (request) => request.email },
    { head: t("operations.asked"), cell: (request) => <When at={request.created_at} /> },
    {
      head: t("operations.state"),
      cell: (request) => (
        <>
          <RequestStateWords state={request.state} /> <Outcome request={request} />
        </>
      ),
    },
    {
      head: t("operations.finished"),
      cell: (request) => (request.finished_at === null ? "–" : <When at={request.finished_at} />),
    },
    {
      head: t("operations.do"),
      cell: (request) =>
        !isOver(request) && (
          <Button
            disabled={cancel.isPending || request.is_cancel_asked}
            onClick={() => cancel.mutate(request.id)}
          >
            {t("do.cancel")}
          </Button>
        ),
    },
  ];
  return (
    <Listing
      query={query}
      pages={pages}
      columns={columns}
      keyOf={(request) => request.id}
      label={t("operations.requests")}
      empty={t("operations.noRequests")}
      hint={t("operations.noRequestsHint")}
    />
  );
}

function argumentsOf(request: Request): string {
  return Object.entries(request.arguments)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(" · ");
}
