import { useCallback, useId, useState } from "react";
import { Button } from "../../components/Button";
import { Choice } from "../../components/Field";
import { SearchField } from "../../components/SearchField";
import { siteOf } from "../../format";
import { LOCALES } from "../../locales";
import { useTexts } from "../../texts/texts";
import { useAddress } from "../../useAddress";
import styles from "./Watches.module.css";

export const PRICES = [
  "at_target",
  "dropped",
  "lowest",
  "without_offer",
  "stale",
  "not_checked",
] as const;
export const STATES = ["ACTIVE", "PAUSED", "INACTIVE"] as const;
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
export const FILTERS = ["q", "domain", "tag", "state", "price"] as const;

/** Which watches are shown, and in which order: all of it stands in the address. */
export function WatchFilters({ tags }: { tags: readonly string[] }) {
  const { t } = useTexts();
  const { said, say } = useAddress();
  const search = useCallback((q: string) => say({ q }, { replace: true }), [say]);
  const sort = said("sort") || SORTS[0];
  const isByHead = !(SORTS as readonly string[]).includes(sort);
  const [isOpen, setOpen] = useState(false);
  const folded = useId();
  const filtering = FILTERS.filter((name) => name !== "q" && said(name) !== "").length;
  const choices: readonly (readonly [string, string, readonly (readonly [string, string])[]])[] = [
    ["domain", t("watches.locale"), LOCALES.map((one) => [one, siteOf(one)])],
    ["tag", t("watches.tag"), withSaid(tags, said("tag")).map((one) => [one, one])],
    ["state", t("watches.status"), STATES.map((one) => [one, t(`watches.state.${one}`)])],
    ["price", t("watches.price"), PRICES.map((one) => [one, t(`watches.price.${one}`)])],
  ];
  return (
    <search className={styles.filters}>
      <SearchField label={t("watches.search")} value={said("q")} onSearch={search} />
      <Button
        className={styles.unfold ?? ""}
        aria-expanded={isOpen}
        aria-controls={folded}
        onClick={() => setOpen(!isOpen)}
      >
        {t(filtering > 0 ? "watches.filtersOn" : "watches.filters", { filtering })}
      </Button>
      <div id={folded} className={`${styles.choices} ${isOpen ? styles.open : ""}`}>
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
      </div>
    </search>
  );
}

/** Return the tags with the one the address says, which the last watch may just have lost. */
function withSaid(tags: readonly string[], said: string): readonly string[] {
  return said === "" || tags.includes(said) ? tags : [...tags, said];
}
