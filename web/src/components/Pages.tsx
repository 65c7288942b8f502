import { useSearchParams } from "wouter";
import { countedText } from "../format";
import { useTexts } from "../texts/texts";
import { Button } from "./Button";
import styles from "./Pages.module.css";

/** What the history keeps of a page that one came to by "next": there is one to go back to. */
const FOLLOWED = "followed";

interface Props {
  /** How many rows this page shows, and how many a full one does. */
  shown: number;
  perPage: number;
  next: string | null;
  /** How many rows there are in all; null where nobody has counted. */
  total?: number | null;
}

/** Which rows of a list are shown, and the ways to those before and after them. */
export function Pages({ shown, perPage, next, total = null }: Props) {
  const { t, language } = useTexts();
  const [params, setParams] = useSearchParams();
  const page = Math.max(1, Number(params.get("page")) || 1);
  const first = (page - 1) * perPage + 1;
  if (page === 1 && next === null) return null;

  const said = () => {
    const rows = { first, last: first + shown - 1 };
    if (total === null) return t("pages.shown", rows);
    const { counted, isMore } = countedText(total, language);
    return t(isMore ? "pages.shownOfMore" : "pages.shownOf", { ...rows, total: counted });
  };
  const goTo = (place: { page: number; cursor: string } | null) => {
    setParams(
      (former) => {
        const asked = new URLSearchParams(former);
        asked.delete("cursor");
        asked.delete("page");
        if (place) {
          asked.set("page", String(place.page));
          asked.set("cursor", place.cursor);
        }
        return asked;
      },
      { state: place ? FOLLOWED : null },
    );
    scrollTo(0, 0);
  };
  return (
    <nav className={styles.pages} aria-label={t("pages.label")}>
      <span className="secondary figures">{said()}</span>
      {page > 2 && <Button onClick={() => goTo(null)}>{t("do.first")}</Button>}
      {page > 1 && (
        <Button
          onClick={() => {
            // A cursor leads on only: the way back is the window's.
            if (history.state === FOLLOWED) history.back();
            else goTo(null);
          }}
        >
          {t("do.previous")}
        </Button>
      )}
      {next !== null && (
        <Button onClick={() => goTo({ page: page + 1, cursor: next })}>{t("do.next")}</Button>
      )}
    </nav>
  );
}
