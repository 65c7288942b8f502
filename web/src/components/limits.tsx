import type { Schema } from "../api/client";
import { numberText } from "../format";
import { useTexts } from "../texts/texts";
import type { Column } from "./Table";
import { When } from "./When";

/** Return what is said of a user's limits: what it is, how much is used, and until when. */
export function useLimitColumns(): Column<Schema["LimitReply"]>[] {
  const { t, language } = useTexts();
  return [
    { head: t("limits.limit"), cell: (limit) => t(`limits.${limit.name}`) },
    {
      head: t("limits.used"),
      cell: (limit) => numberText(limit.used, language),
      isNumber: true,
    },
    {
      head: t("limits.most"),
      cell: (limit) => (limit.most === null ? t("limits.none") : numberText(limit.most, language)),
      isNumber: true,
    },
    {
      head: t("limits.again"),
      cell: (limit) =>
        limit.again_at === null ? (
          <span className="muted">{t("limits.noTime")}</span>
        ) : (
          <When at={limit.again_at} />
        ),
    },
  ];
}
