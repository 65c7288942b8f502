import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { api, read, type Watch } from "../../api/client";
import { BulkBar } from "../../components/BulkBar";
import { Button } from "../../components/Button";
import { useToast } from "../../components/Toast";
import type { TextKey } from "../../texts/keys";
import { useTexts } from "../../texts/texts";
import { type Bulk, formerStates, onlyOf, stateChange, tagChange, withoutTags } from "./bulk";
import styles from "./Watches.module.css";

interface Props {
  chosen: readonly Watch[];
  tags: readonly string[];
  onNone: () => void;
}

interface Change {
  now: readonly Bulk[];
  /** What undoes it; null if it undoes something itself. */
  undo: readonly Bulk[] | null;
  says: TextKey;
}

/** What can be done with the chosen watches: each at once, and undone by one press. */
export function WatchActions({ chosen, tags, onNone }: Props) {
  const { t } = useTexts();
  const say = useToast();
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: async ({ now }: Change) => {
      const replies = [];
      for (const body of now) replies.push(await read(api.PATCH("/api/v1/watches", { body })));
      return replies.flatMap(({ results }) => results);
    },
    onSuccess: (results, { now, undo, says }) => {
      const failed = results.filter(({ problem }) => problem !== null);
      const changed = results.filter(({ problem }) => problem === null);
      // What changed can be undone; what could not be undone can be tried again.
      const back = undo === null ? onlyOf(now, idsOf(failed)) : onlyOf(undo, idsOf(changed));
      const why = { failed: failed.length, changed: changed.length, why: failed[0]?.problem ?? "" };
      offer(
        failed.length > 0
          ? t(changed.length > 0 ? "bulk.partly" : "bulk.failed", why)
          : t(says, { changed: changed.length }),
        back,
      );
    },
    onError: (error, { now, undo }) => offer(error.message, undo === null ? now : []),
    onSettled: () =>
      Promise.all(
        ["watches", "home", "product"].map((key) => queries.invalidateQueries({ queryKey: [key] })),
      ),
  });
  const offer = (says: string, back: readonly Bulk[]) => {
    const again: Change = { now: back, undo: null, says: "bulk.undone" };
    say({ says, ...(back.length > 0 && { undo: () => change.mutate(again) }) });
  };
  const active = chosen.filter(({ status }) => status === "ACTIVE");
  const paused = chosen.filter(({ status }) => status !== "ACTIVE");
  const kept = chosen.filter(({ status }) => status !== "INACTIVE");
  const give = (watches: readonly Watch[], status: Watch["status"], says: TextKey) =>
    change.mutate({ now: [stateChange(watches, status)], undo: formerStates(watches), says });

  return (
    <BulkBar chosen={chosen.length} onNone={onNone}>
      {active.length > 0 && (
        <Button onClick={() => give(active, "PAUSED", "bulk.paused")}>{t("bulk.pause")}</Button>
      )}
      {paused.length > 0 && (
        <Button onClick={() => give(paused, "ACTIVE", "bulk.resumed")}>{t("bulk.resume")}</Button>
      )}
      <TagForm
        known={tags}
        onTag={(tag) => {
          const now = tagChange(chosen, tag);
          if (now) change.mutate({ now: [now], undo: [withoutTags(now)], says: "bulk.tagged" });
          else say({ says: t("bulk.tagged", { changed: 0 }) });
        }}
      />
      {kept.length > 0 && (
        <Button
          onClick={() => {
            give(kept, "INACTIVE", "bulk.removed");
            onNone();
          }}
        >
          {t("bulk.remove")}
        </Button>
      )}
    </BulkBar>
  );
}

function idsOf(results: readonly { id: number }[]): ReadonlySet<number> {
  return new Set(results.map(({ id }) => id));
}

function TagForm({ known, onTag }: { known: readonly string[]; onTag: (tag: string) => void }) {
  const { t } = useTexts();
  const [tag, setTag] = useState("");
  const list = useId();
  const give = (event: FormEvent) => {
    event.preventDefault();
    onTag(tag.trim());
    setTag("");
  };
  return (
    <form onSubmit={give}>
      <input
        className={styles.tag}
        aria-label={t("bulk.tagName")}
        placeholder={t("bulk.tagName")}
        list={list}
        required
        maxLength={50}
        pattern="[^,;]*\S[^,;]*"
        value={tag}
        onChange={(event) => setTag(event.target.value)}
      />
      <datalist id={list}>
        {known.map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      <Button type="submit">{t("bulk.tag")}</Button>
    </form>
  );
}
