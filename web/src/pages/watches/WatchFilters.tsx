import { useCallback } from "react";
import { Choice } from "../../components/Field";
import { Filters } from "../../components/Filters";
import { SearchField } from "../../components/SearchField";
import { siteOf } from "../../format";
import { LOCALES } from "../../locales";
import { useSession } from "../../session";
import { useTexts } from "../../texts/texts";
import { useAddress } from "../../useAddress";

export const PRICES = [
  "at_target",
  "dropped",
  "lowest",
  "without_offer",
  "stale",
  "not_checked",
] as const;
export const STATES = ["ACTIVE", "PAUSED", "INACTIVE"] as const;
/** A state that is none of the watch itself: its alerts are held for a while. */
export const HELD = "HELD";
/** As the heads of the table sort too; a window without heads has only these. */
export const SORTS = [
  "-changed_at",
  "-created_at",
  "title",
  "-priced_at",
  "change",
  "distance",
  "checked_at",
] as const;
export const FILTERS = ["q", "domain", "tag", "state", "price", "owner"] as const;

/** Which watches are shown, and in which order: all of it stands in the address. */
export function WatchFilters({ tags }: { tags: readonly string[] }) {
  const { t } = useTexts();
  const { said, say } = useAddress();
  const { me, isOperator } = useSession();
  const search = useCallback((q: string) => say({ q }, { replace: true }), [say]);
  const sort = said("sort") || SORTS[0];
  const isByHead = !(SORTS as readonly string[]).includes(sort);
  const choices: readonly (readonly [string, string, readonly (readonly [string, string])[]])[] = [
    ["domain", t("watches.locale"), LOCALES.map((one) => [one, siteOf(one)])],
    ["tag", t("watches.tag"), withSaid(tags, said("tag")).map((one) => [one, one])],
    [
      "state",
      t("watches.status"),
      [
        ...STATES.map((one) => [one, t(`watches.state.${one}`)] as const),
        [HELD, t("watches.snoozed")],
      ],
    ],
    ["price", t("watches.price"), PRICES.map((one) => [one, t(`watches.price.${one}`)])],
    // Operators see everybody's.
    ["owner", t("watches.owner"), isOperator ? [[String(me.id), t("watches.owner.me")]] : []],
  ];
  return (
    <Filters
      search={<SearchField label={t("watches.search")} value={said("q")} onSearch={search} />}
      chosen={FILTERS.filter((name) => name !== "q" && said(name) !== "").length}
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
        label={t("watches.sort")}
        value={isByHead ? "" : sort}
        onChange={(event) => say({ sort: event.target.value })}
        options={[
          ...(isByHead ? [["", t("watches.sort.head")] as const] : []),
          ...SORTS.map((order) => [order, t(`watches.sort.${order}`)] as const),
        ]}
      />
    </Filters>
  );
}

/** Return the tags with the one the address says, which the last watch may just have lost. */
function withSaid(tags: readonly string[], said: string): readonly string[] {
  return said === "" || tags.includes(said) ? tags : [...tags, said];
}
