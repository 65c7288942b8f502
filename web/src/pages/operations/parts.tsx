import { Link } from "wouter";
import { ApiError, type Schema } from "../../api/client";
import { State, type StateKind } from "../../components/State";
import { numberText } from "../../format";
import { useTexts } from "../../texts/texts";

/** How often what is looked at is read again: nothing announces it. */
export const EVERY_MS = 15_000;
export const PER_PAGE = 50;

const RUN_KINDS: Record<Schema["RunState"], StateKind> = {
  RUNNING: "muted",
  SUCCESS: "good",
  FAILED: "bad",
};
const REQUEST_KINDS: Record<Schema["RequestState"], StateKind> = {
  waiting: "muted",
  running: "muted",
  done: "good",
  failed: "bad",
  cancelled: "warn",
};

/** How a run is. */
export function RunStateWords({ state }: { state: Schema["RunState"] }) {
  const { t } = useTexts();
  return <State kind={RUN_KINDS[state]} says={t(`operations.run.${state}`)} />;
}

/** How something that was asked for is. */
export function RequestStateWords({ state }: { state: Schema["RequestState"] }) {
  const { t } = useTexts();
  return <State kind={REQUEST_KINDS[state]} says={t(`operations.request.${state}`)} />;
}

/** A run by its name, which leads to it; its id holds a slash. */
export function RunLink({ id }: { id: string | null }) {
  const { t } = useTexts();
  if (id === null) return <span className="muted">{t("operations.noRun")}</span>;
  return <Link href={`/operations/runs/${id}`}>{id.split("/").slice(1).join("/")}</Link>;
}

/** A number as a cell. */
export function Count({ of }: { of: number | null }) {
  const { language } = useTexts();
  return <>{of === null ? "–" : numberText(of, language)}</>;
}

/** Return what the API says is wrong with what was typed in, if it says anything. */
export function problemText(error: Error | null): string | null {
  if (error === null) return null;
  if (error instanceof ApiError) {
    const details = error.problem?.errors?.map(({ detail }) => detail);
    if (details?.length) return details.join("; ");
  }
  return error.message;
}
