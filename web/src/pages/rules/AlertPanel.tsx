import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { api, type Locale, type PriceType, read, type Schema, type Watch } from "../../api/client";
import { Button } from "../../components/Button";
import { Choice, Field } from "../../components/Field";
import { majorText, minorOf, minuteText } from "../../format";
import { useTexts } from "../../texts/texts";
import { hasShippingApart, PRICE_TYPES } from "../product/priceTypes";
import { useCheckCost } from "../product/useCheckCost";
import { conditionOf } from "./conditions";
import { DryRun } from "./DryRun";
import { type Draft, draftOf, draftRule, isWhole } from "./draft";
import { RuleEditor } from "./RuleEditor";
import styles from "./Rules.module.css";
import { useTrial } from "./useTrial";
import { useWatchChanges } from "./useWatchChanges";

/** What the chart shows of what is edited. */
export interface Edited {
  target: string;
  withShipping: boolean;
  alerts: readonly Schema["TriedAlertReply"][];
}

interface Props {
  asin: string;
  domain: Locale;
  currency: string;
  priceType: PriceType;
  watch: Watch | undefined;
  /** Where the target's line was dragged last, in minor units; a new object each time. */
  dragged: { minor: number } | null;
  onEdited: (edited: Edited) => void;
  /** What was typed for another type of price; null for nothing. */
  begun: Draft | null;
  /** Another type of price is wanted; with what is typed if it can go there. */
  onPriceType: (type: PriceType, draft: Draft | null) => void;
  onClose: () => void;
}

const NONE: readonly Schema["TriedAlertReply"][] = [];
const PRIORITIES = ["HIGH", "NORMAL", "LOW"] as const;

/** What a watch alerts for, edited beside the chart that shows when it would have. */
export default function AlertPanel(props: Props) {
  const { asin, domain, currency, priceType, watch, dragged, onEdited, onClose } = props;
  const [draft, onChange] = useState(() => draftOf(watch, priceType, props.begun));
  const trial = useTrial(draft, asin, domain, currency);
  const { target, withShipping } = draft;
  const alerts = trial.data?.alerts ?? NONE;
  useEffect(
    () => onEdited({ target, withShipping, alerts }),
    [onEdited, target, withShipping, alerts],
  );
  useEffect(() => {
    if (dragged === null) return;
    onChange((before) => ({ ...before, target: majorText(dragged.minor, currency) }));
  }, [dragged, currency]);
  const { t } = useTexts();
  const heading = useId();
  const top = useRef<HTMLHeadingElement>(null);
  const { save, stop, snooze } = useWatchChanges({ asin, domain, currency, watch }, onClose);
  const set = (changed: Partial<Draft>) => onChange({ ...draft, ...changed });
  const isAmount = draft.target.trim() === "" || minorOf(draft.target, currency) !== null;
  const hasReason = draft.target.trim() !== "" || draft.rules.length > 0;
  const problem = save.error ?? stop.error ?? snooze.error;

  useEffect(() => {
    // Who moves the target's line by keys stays there.
    if (document.activeElement?.role !== "slider") top.current?.focus();
  }, []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isAmount && isWhole(draft, currency)) save.mutate(draft);
  };
  return (
    <section aria-labelledby={heading} className={styles.panel}>
      <form className={styles.form} onSubmit={submit}>
        <h2 id={heading} ref={top} tabIndex={-1}>
          {t(watch ? "alert.edit" : "alert.add")}
        </h2>
        <Field
          label={t("alert.target")}
          hint={t("alert.targetHint")}
          inputMode="decimal"
          value={draft.target}
          onChange={(event) => set({ target: event.target.value })}
          error={isAmount ? null : t("alert.notAmount")}
        />
        <div className={styles.rules}>
          <h3>{t("alert.rules")}</h3>
          {draft.rules.map(({ key, rule, text }) => {
            const others = draft.rules.filter((one) => one.key !== key);
            return rule === null ? (
              <p key={key} className="secondary">
                {t("alert.keptAsWritten", { text })}
                <Button look="quiet" onClick={() => set({ rules: others })}>
                  {t("alert.removeRule")}
                </Button>
              </p>
            ) : (
              <RuleEditor
                key={key}
                rule={rule}
                currency={currency}
                domain={domain}
                onRemove={() => set({ rules: others })}
                onChange={(changed) =>
                  set({
                    rules: draft.rules.map((one) =>
                      one.key === key ? { ...one, rule: changed } : one,
                    ),
                  })
                }
              />
            );
          })}
          <Button
            onClick={() =>
              set({ rules: [...draft.rules, draftRule([conditionOf("belowAverage")])] })
            }
          >
            {t("alert.addRule")}
          </Button>
        </div>
        {hasReason ? <DryRun trial={trial} /> : <p className="secondary">{t("alert.nothing")}</p>}
        <More
          {...props}
          draft={draft}
          onChange={onChange}
          onSnooze={(of, days) => snooze.mutate({ of, days })}
        />
        {problem && (
          <p className="bad" role="alert">
            {problem.message}
          </p>
        )}
        <div className={styles.buttons}>
          <Button type="submit" look="main" disabled={save.isPending}>
            {t("alert.save")}
          </Button>
          <Button onClick={onClose}>{t("do.cancel")}</Button>
          {watch && (
            <Button look="quiet" disabled={stop.isPending} onClick={() => stop.mutate(watch)}>
              {t("alert.remove")}
            </Button>
          )}
        </div>
      </form>
    </section>
  );
}

interface MoreProps extends Pick<Props, "asin" | "domain" | "watch" | "onPriceType"> {
  draft: Draft;
  onChange: (draft: Draft) => void;
  onSnooze: (watch: Watch, days: number | null) => void;
}

/** What most leave as it is: shipping, pause, snooze, priority, tags, and what a check costs. */
function More({ asin, domain, watch, draft, onChange, onPriceType, onSnooze }: MoreProps) {
  const { t, language } = useTexts();
  const tags = useQuery({
    queryKey: ["watches", "tags"],
    queryFn: () => read(api.GET("/api/v1/tags")),
  });
  const known = useId();
  const set = (changed: Partial<Draft>) => onChange({ ...draft, ...changed });
  return (
    <details className={styles.more}>
      <summary>{t("alert.more")}</summary>
      <div className={styles.form}>
        <div className={styles.line}>
          <span>{t("alert.priceType")}</span>
          <Choice
            label={t("alert.priceType")}
            value={draft.priceType}
            onChange={(event) =>
              // What stands in a watch's form is of that watch.
              onPriceType(event.target.value as PriceType, watch ? null : draft)
            }
            options={PRICE_TYPES.map((type) => [type, t(`type.${type}`)])}
          />
        </div>
        {hasShippingApart(draft.priceType) && (
          <Check
            label={t("alert.withShipping")}
            isOn={draft.withShipping}
            onChange={(withShipping) => set({ withShipping })}
          />
        )}
        <Check
          label={t("alert.pause")}
          isOn={draft.isPaused}
          onChange={(isPaused) => set({ isPaused })}
        />
        {watch && (
          <div className={styles.line}>
            <Choice
              label={t("alert.snooze")}
              value=""
              onChange={(event) =>
                onSnooze(watch, event.target.value === "none" ? null : Number(event.target.value))
              }
              options={[
                ["", `${t("alert.snooze")} …`],
                ["1", t("alert.snooze.1")],
                ["7", t("alert.snooze.7")],
                ["30", t("alert.snooze.30")],
                ["none", t("alert.snooze.none")],
              ]}
            />
            {watch.snoozed_until && (
              <p className="secondary">
                {t("alert.snoozedUntil", {
                  time: minuteText(new Date(watch.snoozed_until), language),
                })}
              </p>
            )}
          </div>
        )}
        <div className={styles.line}>
          <span>{t("alert.priority")}</span>
          <Choice
            label={t("alert.priority")}
            value={draft.priority}
            onChange={(event) => set({ priority: event.target.value as Draft["priority"] })}
            options={PRIORITIES.map((one) => [one, t(`alert.priority.${one}`)])}
          />
        </div>
        <Field
          label={t("alert.tags")}
          hint={t("alert.tagsHint")}
          list={known}
          value={draft.tags}
          onChange={(event) => set({ tags: event.target.value })}
        />
        <datalist id={known}>
          {tags.data?.items.map(({ tag }) => (
            <option key={tag} value={tag} />
          ))}
        </datalist>
        {watch && <Cost asin={asin} domain={domain} />}
      </div>
    </details>
  );
}

function Cost({ asin, domain }: { asin: string; domain: Locale }) {
  const { t } = useTexts();
  const tokens = useCheckCost(asin, domain);
  if (tokens === null) return null;
  return (
    <p className="secondary">{t(tokens === 1 ? "alert.costOne" : "alert.cost", { tokens })}</p>
  );
}

interface CheckProps {
  label: string;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
}

function Check({ label, isOn, onChange }: CheckProps) {
  return (
    <label className={styles.check}>
      <input type="checkbox" checked={isOn} onChange={(event) => onChange(event.target.checked)} />
      {label}
    </label>
  );
}
