import { type UseMutationResult, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import type { Schema } from "../../api/client";
import { Button } from "../../components/Button";
import { State } from "../../components/State";
import { numberText } from "../../format";
import { bytesText } from "../../quantities";
import { useTexts } from "../../texts/texts";
import { isOver, useRequest } from "../../useRequest";
import styles from "./Operations.module.css";
import { RequestStateWords } from "./parts";

type Request = Schema["RequestReply"];

interface Props {
  request: UseMutationResult<Request, Error, void>;
  children: ReactNode;
}

/** A button that asks for what a worker does, and what becomes of it. */
export function Asked({ request, children }: Props) {
  const { t } = useTexts();
  const queries = useQueryClient();
  const followed = useRequest(request.data?.id ?? null);
  const state = followed.data ?? request.data;
  const isDone = state !== undefined && isOver(state);
  useEffect(() => {
    if (isDone) queries.invalidateQueries({ queryKey: ["operations"] });
  }, [isDone, queries]);
  return (
    <div className={styles.row}>
      <Button onClick={() => request.mutate()} disabled={request.isPending}>
        {children}
      </Button>
      <span role="status">
        {request.error && <State kind="bad" says={request.error.message} />}
        {state && (
          <>
            <RequestStateWords state={state.state} /> <Outcome request={state} />
          </>
        )}
        {!state && request.isPending && t("operations.asking")}
      </span>
    </div>
  );
}

/** What came of something that was asked for, in words. */
export function Outcome({ request }: { request: Request }) {
  const { t, language } = useTexts();
  const { result, problem, progress } = request;
  const number = (value: number) => numberText(value, language);
  if (result !== null && "published" in result) {
    return (
      <span>
        {t("operations.replayed", {
          published: number(result.published),
          passed: number(result.passed_over),
        })}
      </span>
    );
  }
  if (result !== null && "made" in result) {
    return (
      <span>
        {t("operations.rebuilt", {
          made: result.made,
          documents: number(result.documents),
          refused: number(result.refused),
        })}
      </span>
    );
  }
  if (result !== null && "restores_from" in result) {
    const { name, bytes, problems } = result;
    return (
      <span>
        {problems.length > 0
          ? t("operations.backupProblems", { name, problems: problems.join("; ") })
          : t("operations.backedUp", { name, bytes: bytesText(bytes, language) })}
      </span>
    );
  }
  if (result !== null) return <span>{result.detail}</span>;
  if (problem !== null) return <span className="secondary">{problem}</span>;
  if (progress !== null && !isOver(request)) {
    return <progress value={progress} aria-label={t("operations.progress")} />;
  }
  return null;
}
