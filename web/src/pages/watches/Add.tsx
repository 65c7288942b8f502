import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { ApiError, api, read, type Watch } from "../../api/client";
import { Button } from "../../components/Button";
import { Area, Field } from "../../components/Field";
import { Page } from "../../components/Page";
import { useToast } from "../../components/Toast";
import { useTexts } from "../../texts/texts";
import styles from "./Add.module.css";
import { newWatch, type PastedLine, textLeft } from "./addresses";
import { Echo } from "./Echo";
import { ImportFile } from "./ImportFile";
import { usePastedLines } from "./usePastedLines";

interface Saved {
  watches: Watch[];
  /** The texts of the lines that were taken. */
  taken: Set<string>;
  /** What the API says of lines it did not take, by their text. */
  problems: Map<string, string>;
  /** What ended it before its last line. */
  error: Error | null;
}

/** Add products by their addresses, one or many; phones share one to here from the shop's app. */
export default function Add() {
  const { t } = useTexts();
  const [, goTo] = useLocation();
  const queries = useQueryClient();
  const say = useToast();
  const [text, setText] = useState(sharedAddress);
  const [target, setTarget] = useState("");
  const [own, setOwn] = useState<ReadonlyMap<string, string>>(new Map());
  const pasted = usePastedLines(text);
  const { lines } = pasted;
  const isOne = lines.length <= 1;
  const bad = lines.filter((line) => line.read?.problem);

  const save = useMutation({
    mutationFn: (wanted: readonly PastedLine[]) => saveAll(wanted, own, target),
    onSettled: () => {
      for (const key of ["watches", "home", "product"])
        queries.invalidateQueries({ queryKey: [key] });
    },
    onSuccess: ({ watches, taken, problems, error }) => {
      const [watch] = watches;
      if (problems.size > 0 || error) {
        // What was taken is watched; what was not stays, with why.
        setText(textLeft(lines, taken));
        if (watches.length > 0) say({ says: t("add.savedSome", { watches: watches.length }) });
      } else if (watches.length > 1) {
        say({ says: t("add.savedSome", { watches: watches.length }) });
        goTo("/watches?sort=-created_at");
      } else if (watch) {
        say({ says: t("add.saved") });
        goTo(`/products/${watch.domain}/${watch.asin}?type=${watch.price_type}`);
      }
    },
  });
  const begin = (event: FormEvent) => {
    event.preventDefault();
    // Who is quicker than the echo has each line read when it is saved.
    if (lines.length > 0) save.mutate(lines);
  };
  const problems = save.data?.problems;
  const ended = save.error ?? save.data?.error;
  const problemOf = (line: PastedLine) => line.read?.problem ?? problems?.get(line.text) ?? null;
  const [only] = lines;
  return (
    <Page title={t("add.title")}>
      <form className={styles.form} onSubmit={begin}>
        <Area
          label={t("add.product")}
          hint={t("add.hint")}
          required
          rows={Math.min(12, Math.max(2, text.split("\n").length))}
          value={text}
          onChange={(event) => setText(event.target.value)}
          error={
            pasted.isTooMany
              ? t("add.tooMany", { lines: lines.length })
              : isOne && only
                ? problemOf(only)
                : null
          }
        />
        <Echo
          lines={lines}
          problemOf={problemOf}
          own={own}
          common={target}
          onOwn={(line, amount) => setOwn(new Map(own).set(line.text, amount))}
        />
        <Field
          label={t("add.target")}
          hint={t(isOne ? "add.targetHint" : "add.targetHintMany")}
          inputMode="decimal"
          autoComplete="off"
          value={target}
          onChange={(event) => setTarget(event.target.value)}
          error={ended instanceof ApiError ? ended.message : null}
        />
        <div>
          <Button
            type="submit"
            look="main"
            disabled={save.isPending || pasted.isTooMany || bad.length > 0}
          >
            {isOne ? t("add.save") : t("add.saveMany", { lines: lines.length })}
          </Button>
        </div>
      </form>
      <ImportFile />
    </Page>
  );
}

/** Save each line for itself: one that is not taken leaves the others. */
async function saveAll(
  lines: readonly PastedLine[],
  own: ReadonlyMap<string, string>,
  common: string,
): Promise<Saved> {
  const saved: Saved = { watches: [], taken: new Set(), problems: new Map(), error: null };
  for (const line of lines) {
    const body = newWatch(line, own.get(line.text) ?? "", common);
    try {
      saved.watches.push((await read(api.POST("/api/v1/watches", { body }))).watch);
      saved.taken.add(line.text);
    } catch (error) {
      // What will not get better by itself is of this line; anything else ends it all.
      if (!(error instanceof ApiError)) throw error;
      if (error.passes) return { ...saved, error };
      saved.problems.set(line.text, error.problem?.errors?.[0]?.detail ?? error.message);
    }
  }
  return saved;
}

/** Return what was shared to the pages: some apps put the address into a text around it. */
function sharedAddress(): string {
  const shared = new URLSearchParams(location.search);
  const texts = [shared.get("url"), shared.get("text"), shared.get("title")];
  const addresses = texts.flatMap((text) => text?.match(/https?:\/\/\S+/g) ?? []);
  return addresses.length > 0
    ? [...new Set(addresses)].join("\n")
    : (shared.get("text")?.trim() ?? "");
}
