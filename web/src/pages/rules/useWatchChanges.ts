import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, type Locale, read, run, type Schema, type Watch } from "../../api/client";
import { useToast } from "../../components/Toast";
import { useTexts } from "../../texts/texts";
import { type Changes, changesOf, changesTo, type Draft } from "./draft";

interface Of {
  asin: string;
  domain: Locale;
  currency: string;
  watch: Watch | undefined;
}

const DAY_MS = 86_400_000;

/** Return what saves, removes and snoozes a watch; each can be undone for a while. */
export function useWatchChanges({ asin, domain, currency, watch }: Of, onDone: () => void) {
  const { t } = useTexts();
  const say = useToast();
  const queries = useQueryClient();
  const refresh = () =>
    Promise.all(
      ["watches", "home", "product"].map((key) => queries.invalidateQueries({ queryKey: [key] })),
    );
  /** Say what was done, with the way back. */
  const done = async (says: string, undo: () => Promise<unknown>) => {
    await refresh();
    say({
      says,
      undo: async () => {
        try {
          await undo();
          say({ says: t("alert.undone") });
        } catch (error) {
          say({ says: error instanceof Error ? error.message : t("state.failed") });
        }
        await refresh();
      },
    });
  };
  const add = (body: Schema["NewWatch"]) => read(api.POST("/api/v1/watches", { body }));
  const change = (id: number, changes: Changes) =>
    read(
      api.PATCH("/api/v1/watches/{watch_id}", {
        params: { path: { watch_id: id } },
        body: { ...changes, add_tags: [], remove_tags: [] },
      }),
    );
  const remove = (id: number) =>
    run(api.DELETE("/api/v1/watches/{watch_id}", { params: { path: { watch_id: id } } }));
  const hold = (id: number, until: string | null) => {
    const params = { path: { watch_id: id } };
    return run(
      until === null
        ? api.DELETE("/api/v1/watches/{watch_id}/snooze", { params })
        : api.PUT("/api/v1/watches/{watch_id}/snooze", { params, body: { until } }),
    );
  };

  const save = useMutation({
    mutationFn: async (draft: Draft) => {
      const body = changesOf(draft, currency);
      if (watch) {
        await change(watch.id, body);
        await done(t("alert.saved"), () => change(watch.id, changesTo(watch)));
      } else {
        const named = { product: asin, domain, price_type: draft.priceType };
        const { watch: made } = await add({ ...body, ...named });
        await done(t("alert.watched"), () => remove(made.id));
      }
    },
    onSuccess: onDone,
  });
  const stop = useMutation({
    mutationFn: async (stopped: Watch) => {
      await remove(stopped.id);
      await done(t("alert.removed"), async () => {
        const { watch: again } = await add({
          ...changesTo(stopped),
          product: stopped.asin,
          domain,
          price_type: stopped.price_type as NonNullable<Schema["NewWatch"]["price_type"]>,
        });
        if (stopped.snoozed_until) await hold(again.id, stopped.snoozed_until);
      });
    },
    onSuccess: onDone,
  });
  const snooze = useMutation({
    mutationFn: async ({ of, days }: { of: Watch; days: number | null }) => {
      const until = days === null ? null : new Date(Date.now() + days * DAY_MS).toISOString();
      await hold(of.id, until);
      await done(t(until === null ? "alert.snoozeEnded" : "alert.snoozed"), () =>
        hold(of.id, of.snoozed_until),
      );
    },
  });
  return { save, stop, snooze };
}
