import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { ApiError, api, read } from "../../api/client";
import { Button } from "../../components/Button";
import { Field } from "../../components/Field";
import { Page } from "../../components/Page";
import { useToast } from "../../components/Toast";
import { useTexts } from "../../texts/texts";
import styles from "./Add.module.css";

/** Add a product by its address; phones share one to here from the shop's app. */
export default function Add() {
  const { t } = useTexts();
  const [, goTo] = useLocation();
  const queries = useQueryClient();
  const say = useToast();
  const [product, setProduct] = useState(sharedAddress);
  const [target, setTarget] = useState("");
  const add = useMutation({
    mutationFn: () =>
      read(
        api.POST("/api/v1/watches", {
          body: { product: product.trim(), ...(target.trim() && { target: target.trim() }) },
        }),
      ),
    onSuccess: ({ watch }) => {
      queries.invalidateQueries({ queryKey: ["watches"] });
      queries.invalidateQueries({ queryKey: ["home"] });
      say({ says: t("add.saved") });
      goTo(`/products/${watch.domain}/${watch.asin}?type=${watch.price_type}`);
    },
  });
  const save = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <Page title={t("add.title")}>
      <form className={styles.form} onSubmit={save}>
        <Field
          label={t("add.product")}
          hint={t("add.hint")}
          required
          value={product}
          onChange={(event) => setProduct(event.target.value)}
          error={problemOf(add.error, "/product") ?? otherProblem(add.error)}
        />
        <Field
          label={t("add.target")}
          hint={t("add.targetHint")}
          inputMode="decimal"
          value={target}
          onChange={(event) => setTarget(event.target.value)}
          error={problemOf(add.error, "/target")}
        />
        <div>
          <Button type="submit" look="main" disabled={add.isPending}>
            {t("add.save")}
          </Button>
        </div>
      </form>
    </Page>
  );
}

/** Return what the API says of a field, if it says anything. */
function problemOf(error: Error | null, field: string): string | null {
  if (!(error instanceof ApiError)) return null;
  return error.problem?.errors?.find(({ pointer }) => pointer === field)?.detail ?? null;
}

function otherProblem(error: Error | null): string | null {
  if (error === null) return null;
  if (error instanceof ApiError && error.problem?.errors?.length) return null;
  return error.message;
}

/** Return the address that a phone shared to the pages: some apps put it into the text. */
function sharedAddress(): string {
  const shared = new URLSearchParams(location.search);
  const text = [shared.get("url"), shared.get("text"), shared.get("title")].join(" ");
  return /https?:\/\/\S+/.exec(text)?.[0] ?? "";
}
