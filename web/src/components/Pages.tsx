import { useSearchParams } from "wouter";
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
}

/** Which rows of a list are shown, and the ways to those before and after them. */
export function Pages({ shown, perPage, next }: Props) {
  const { t } = useTexts();
  const [params, setParams] = useSearchParams();
  const page = Math.max(1, Number(params.get("page")) || 1);
  const first = (page - 1) * perPage + 1;
  if (page === 1 && next === null) return null;

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
      <span className="secondary figures">
        {t("pages.shown", { first, last: first + shown - 1 })}
      </span>
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
