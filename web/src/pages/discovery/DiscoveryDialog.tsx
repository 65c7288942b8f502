import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, read } from "../../api/client";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { Area, ChoiceField, Field } from "../../components/Field";
import { siteOf } from "../../format";
import { LOCALES } from "../../locales";
import { useTexts } from "../../texts/texts";
import { type DiscoveryForm, discoveryOf, EMPTY, RANK_DAYS } from "./discoveryForm";

const KINDS = ["best_sellers", "finder"] as const;

/** The form of a new search for products. */
export function DiscoveryDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTexts();
  const queries = useQueryClient();
  const [form, setForm] = useState<DiscoveryForm>(EMPTY);
  const save = useMutation({
    mutationFn: async () => read(api.POST("/api/v1/discoveries", { body: discoveryOf(form) })),
    onSuccess: () => {
      queries.invalidateQueries({ queryKey: ["deals"] });
      onClose();
    },
  });
  const send = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  const text = (name: keyof DiscoveryForm) => ({
    value: form[name],
    onChange: (event: { target: { value: string } }) =>
      setForm({ ...form, [name]: event.target.value }),
  });
  const isFinder = form.kind === "finder";
  const isNoJson = save.error instanceof SyntaxError;
  return (
    <Dialog title={t("discovery.new")} onClose={onClose}>
      <form onSubmit={send}>
        <ChoiceField
          label={t("discovery.kind")}
          options={KINDS.map((kind) => [kind, t(`discovery.kind.${kind}`)])}
          {...text("kind")}
        />
        <Field label={t("filters.name")} maxLength={200} {...text("name")} />
        <ChoiceField
          label={t("filters.site")}
          options={LOCALES.map((one) => [one, siteOf(one)])}
          {...text("domain")}
        />
        {isFinder ? (
          <Area
            label={t("discovery.selection")}
            hint={t("discovery.selectionHint")}
            required
            rows={4}
            error={isNoJson ? t("discovery.noJson") : null}
            {...text("selection")}
          />
        ) : (
          <>
            <Field
              label={t("discovery.category")}
              hint={t("discovery.categoryHint")}
              inputMode="numeric"
              pattern="[0-9]+"
              required
              {...text("category")}
            />
            <ChoiceField
              label={t("discovery.rankDays")}
              options={RANK_DAYS.map((days) => [`${days}`, t(`discovery.rankDays.${days}`)])}
              {...text("rankDays")}
            />
          </>
        )}
        <Field
          label={t("discovery.propose")}
          type="number"
          min={1}
          max={100}
          required
          {...text("propose")}
        />
        <Field
          label={t("discovery.below")}
          hint={t("discovery.belowHint")}
          type="number"
          min={1}
          max={90}
          {...text("below")}
        />
        {save.error && !isNoJson && (
          <p className="bad" role="alert">
            {save.error.message}
          </p>
        )}
        <p className="secondary">{t(isFinder ? "discovery.finderCost" : "discovery.bestCost")}</p>
        <p>
          <Button type="submit" look="main" disabled={save.isPending}>
            {t("do.save")}
          </Button>{" "}
          <Button onClick={onClose}>{t("do.cancel")}</Button>
        </p>
      </form>
    </Dialog>
  );
}
