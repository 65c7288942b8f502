import { useCallback } from "react";
import type { Schema } from "../../api/client";
import { Choice } from "../../components/Field";
import { Filters } from "../../components/Filters";
import { SearchField } from "../../components/SearchField";
import { percentText, siteOf } from "../../format";
import { LOCALES } from "../../locales";
import { useTexts } from "../../texts/texts";
import { useAddress } from "../../useAddress";

export const SEEN_DAYS = [
  ["day", 1],
  ["week", 7],
  ["month", 30],
] as const;
export const SORTS = ["-score", "-discount_percent", "-first_seen_at", "price"] as const;
const SCORES = [60, 75, 90] as const;
const DISCOUNTS = [20, 35, 50] as const;

/** Which deals are shown: all of it stands in the address. */
export function DealFilters({ searches }: { searches: readonly Schema["FilterReply"][] }) {
  const { t, language } = useTexts();
  const { said, say } = useAddress();
  const search = useCallback((q: string) => say({ q }, { replace: true }), [say]);
  const sorts = SORTS.filter((sort) => sort !== "price" || said("domain") !== "");
  const choices: readonly (readonly [string, string, readonly (readonly [string, string])[]])[] = [
    ["search", t("deals.search"), searches.map(({ id, name }) => [String(id), name])],
    ["domain", t("watches.locale"), LOCALES.map((one) => [one, siteOf(one)])],
    ["score", t("deals.score"), SCORES.map((one) => [`${one}`, t("deals.atLeast", { what: one })])],
    [
      "discount",
      t("deals.discount"),
      DISCOUNTS.map((one) => [
        `${one}`,
        t("deals.atLeast", { what: percentText(one / 100, language) }),
      ]),
    ],
  ];
  return (
    <Filters
      search={<SearchField label={t("watches.search")} value={said("q")} onSearch={search} />}
      chosen={choices.filter(([name]) => said(name) !== "").length}
    >
      {choices
        .filter(([, , options]) => options.length > 0)
        .map(([name, label, options]) => (
          <Choice
            key={name}
            label={label}
            value={said(name)}
            onChange={(event) => say({ [name]: event.target.value })}
            options={[["", t("watches.any", { what: label })], ...options]}
          />
        ))}
      <Choice
        label={t("deals.seen")}
        value={said("seen") || "day"}
        onChange={(event) => say({ seen: event.target.value })}
        options={SEEN_DAYS.map(([word]) => [word, t(`deals.seen.${word}`)])}
      />
      <Choice
        label={t("watches.sort")}
        value={said("sort") || SORTS[0]}
        onChange={(event) => say({ sort: event.target.value })}
        options={sorts.map((sort) => [sort, t(`deals.sort.${sort}`)])}
      />
    </Filters>
  );
}
