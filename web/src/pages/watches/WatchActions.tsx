import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { api, read, type Watch } from "../../api/client";
import { BulkBar } from "../../components/BulkBar";
import { Button } from "../../components/Button";
import { useToast } from "../../components/Toast";
import type { TextKey } from "../../texts/keys";
import { useTexts } from "../../texts/texts";
import { type Bulk, formerStates, stateChange, tagChange, withoutTags } from "./bulk";
import styles from "./Watches.module.css";

interface Props {
  chosen: readonly Watch[];
  tags: readonly string[];
  onNone: () => void;
}

interface Change {
  /** What is done, and what undoes it. */
  now: readonly Bulk[];
  undo: readonly Bulk[];
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
    onSuccess: (results, { undo, says }) => {
      const failed = results.filter(({ problem }) => problem !== null);
      const changed = results.length - failed.length;
      if (failed.length > 0) {
        say({ says: t("bulk.failed", { failed: failed.length, why: failed[0]?.problem ?? "" }) });
      } else {
        const again: Change = { now: undo, undo: [], says: "bulk.undone" };
        say({
          says: t(says, { changed }),
          ...(undo.length > 0 && { undo: () => change.mutate(again) }),
        });
      }
    },
    onError: (error) => say({ says: error.message }),
    onSettled: () =>
      Promise.all(
        ["watches", "home", "product"].map((key) => queries.invalidateQueries({ queryKey: [key] })),
      ),
  });
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
