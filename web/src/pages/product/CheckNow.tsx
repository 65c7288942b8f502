import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { api, type Locale, read, type Schema } from "../../api/client";
import { Button } from "../../components/Button";
import { useTexts } from "../../texts/texts";
import styles from "./Product.module.css";
import { useCheckCost } from "./useCheckCost";

const AGAIN_MS = 2_000;

/** Have Keepa asked now; the button says what that costs, and a line how far it is. */
export function CheckNow({ asin, domain }: { asin: string; domain: Locale }) {
  const { t } = useTexts();
  const queries = useQueryClient();
  const tokens = useCheckCost(asin, domain);
  const start = useMutation({
    mutationFn: () =>
      read(
        api.POST("/api/v1/prices/{asin}:check", { params: { path: { asin }, query: { domain } } }),
      ),
  });
  const id = start.data?.id ?? null;
  const check = useQuery({
    queryKey: ["product", "check", id],
    queryFn: () =>
      read(api.GET("/api/v1/checks/{check_id}", { params: { path: { check_id: id ?? "" } } })),
    enabled: id !== null,
    refetchInterval: ({ state }) => (isOver(state.data) ? false : AGAIN_MS),
  });
  const isDone = isOver(check.data);
  useEffect(() => {
    if (isDone) queries.invalidateQueries({ queryKey: ["product", domain, asin] });
  }, [isDone, queries, domain, asin]);

  const isBusy = start.isPending || (id !== null && !isDone);
  const problem = start.error ?? check.error;
  return (
    <>
      <Button disabled={isBusy} onClick={() => start.mutate()}>
        {tokens === null
          ? t("product.check")
          : t(tokens === 1 ? "product.checkCostOne" : "product.checkCost", { tokens })}
      </Button>
      <span role="status" className={`secondary ${styles.status}`}>
        {problem && <span className="bad">{problem.message}</span>}
        {!problem && id !== null && said(check.data)}
      </span>
    </>
  );

  function said(found: Schema["CheckReply"] | undefined): string {
    if (found === undefined) return t("product.check.queued");
    if (found.state !== "success") return t(`product.check.${found.state}`);
    if (found.products_missing) return t("product.check.missing");
    if (found.products_postponed) return t("product.check.postponed");
    if (found.tokens_spent === null) return t("product.check.success");
    return t("product.checkOver", { tokens: found.tokens_spent });
  }
}

function isOver(check: Schema["CheckReply"] | undefined): boolean {
  return check?.state === "success" || check?.state === "failed";
}
