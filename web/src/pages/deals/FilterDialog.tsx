import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ApiError, api, type Locale, type PriceType, read, type Schema } from "../../api/client";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { ChoiceField, Field } from "../../components/Field";
import { siteOf } from "../../format";
import { LOCALES } from "../../locales";
import { useTexts } from "../../texts/texts";
import styles from "./Deals.module.css";
import { changesOf, EMPTY, type FilterForm, formOf, SPANS, TYPES } from "./filterForm";

interface Props {
  /** Which saved search is changed; null for a new one. */
  filter: Schema["FilterReply"] | null;
  onClose: () => void;
}

/** The form of a saved search. */
export function FilterDialog({ filter, onClose }: Props) {
  const { t } = useTexts();
  const queries = useQueryClient();
  const [form, setForm] = useState<FilterForm>(filter ? formOf(filter) : EMPTY);
  const save = useMutation({
    mutationFn: async () => {
      const body = changesOf(form);
      if (filter === null) return (await read(api.POST("/api/v1/deal-filters", { body }))).filter;
      const params = { path: { filter_id: filter.id } };
      return read(api.PATCH("/api/v1/deal-filters/{filter_id}", { params, body }));
    },
    onSuccess: () => {
      queries.invalidateQueries({ queryKey: ["deals"] });
      onClose();
    },
  });
  const send = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  const text = (name: keyof FilterForm) => ({
    value: form[name],
    onChange: (event: { target: { value: string } }) =>
      setForm({ ...form, [name]: event.target.value }),
  });
  const types = TYPES.includes(form.priceType) ? TYPES : [...TYPES, form.priceType as PriceType];
  return (
    <Dialog title={t(filter ? "filters.change" : "filters.new")} onClose={onClose}>
      <form onSubmit={send}>
        <Field
          label={t("filters.name")}
          required
          maxLength={200}
          error={save.error ? whyNot(save.error) : null}
          {...text("name")}
        />
        <div className={styles.pair}>
          <ChoiceField
            label={t("filters.site")}
            options={LOCALES.filter((one) => one !== "br").map((one: Locale) => [one, siteOf(one)])}
            {...text("domain")}
          />
          <ChoiceField
            label={t("filters.priceType")}
            options={types.map((one) => [one, one])}
            {...text("priceType")}
          />
        </div>
        <Field label={t("filters.words")} hint={t("filters.wordsHint")} {...text("title")} />
        <div className={styles.pair}>
          <Field label={t("filters.drop")} type="number" min={10} max={99} {...text("drop")} />
          <ChoiceField
            label={t("filters.over")}
            options={SPANS.map((one) => [one, t(`filters.over.${one}`)])}
            {...text("over")}
          />
        </div>
        <div className={styles.pair}>
          <Field label={t("filters.priceMin")} inputMode="decimal" {...text("priceMin")} />
          <Field label={t("filters.priceMax")} inputMode="decimal" {...text("priceMax")} />
        </div>
        <div className={styles.pair}>
          <Field label={t("filters.rating")} inputMode="decimal" {...text("rating")} />
          <Field label={t("filters.score")} type="number" min={0} max={100} {...text("score")} />
        </div>
        <p className="secondary">{t("filters.cost")}</p>
        <div className={styles.actions}>
          <Button type="submit" look="main" disabled={save.isPending}>
            {t("do.save")}
          </Button>
          <Button onClick={onClose}>{t("do.cancel")}</Button>
        </div>
      </form>
    </Dialog>
  );
}

function whyNot(error: Error): string {
  const first = error instanceof ApiError ? error.problem?.errors?.[0] : undefined;
  return first ? `${first.pointer.replace("/", "")}: ${first.detail}` : error.message;
}
