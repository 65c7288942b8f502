import type { ReactElement } from "react";
import { ApiError } from "../api/client";
import { useTexts } from "../texts/texts";
import { type Asked, useLastError } from "../useLastError";
import { Button } from "./Button";
import styles from "./Failed.module.css";

/** What could not be read, why, and how to try again. */
export function Failed({ error, retry }: { error: Error; retry: () => unknown }) {
  const { t } = useTexts();
  const isAway = error instanceof ApiError && error.status === 0;
  return (
    <div className={styles.failed} role="alert">
      <p>{t(isAway ? "state.away" : "state.failed")}</p>
      {!isAway && <p className="secondary">{error.message}</p>}
      <Button onClick={() => retry()}>{t("do.retry")}</Button>
    </div>
  );
}

/** What a page says while something cannot be read, with a way to try again; null while it can. */
export function useFailure(query: Asked & { refetch: () => unknown }): ReactElement | null {
  const error = useLastError(query);
  return error && <Failed error={error} retry={query.refetch} />;
}
