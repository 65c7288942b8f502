import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, read, type Schema } from "../../api/client";
import { Button } from "../../components/Button";
import { Field } from "../../components/Field";
import { Read } from "../../components/Listing";
import { useToast } from "../../components/Toast";
import { ZoneField } from "../../components/ZoneField";
import { momentText } from "../../format";
import { useTexts } from "../../texts/texts";
import styles from "./Messages.module.css";

type DeliveryRules = Schema["DeliveryRulesReply"];

const HOUR_MS = 3_600_000;
const SNOOZES = [
  ["hour", HOUR_MS],
  ["day", 24 * HOUR_MS],
  ["week", 7 * 24 * HOUR_MS],
] as const;
const REPORTS = [
  "never",
  "with-deals",
  "always",
] as const satisfies readonly Schema["DailyReport"][];

/** When messages may come. */
export function Rules() {
  const query = useQuery({
    queryKey: ["messages", "rules"],
    queryFn: () => read(api.GET("/api/v1/me/delivery")),
  });
  return (
    <Read query={query}>
      {(rules) => (
        <>
          <SnoozeAll rules={rules} />
          <RulesForm key={formKey(rules)} rules={rules} />
        </>
      )}
    </Read>
  );
}

/** Return what changes only with what the form holds: reading the same again keeps what is typed. */
function formKey({ time_zone, quiet_hours, daily_cap, daily_report }: DeliveryRules): string {
  return JSON.stringify([time_zone, quiet_hours, daily_cap, daily_report]);
}

function useChange() {
  const queries = useQueryClient();
  const say = useToast();
  const { t } = useTexts();
  return useMutation({
    mutationFn: (body: Schema["DeliveryRulesChange"]) =>
      read(api.PATCH("/api/v1/me/delivery", { body })),
    onSuccess: (rules) => {
      queries.setQueryData(["messages", "rules"], rules);
      queries.invalidateQueries({ queryKey: ["me"] });
      say({ says: t("messages.saved") });
    },
  });
}

/** Hold everything for a while; it comes together afterwards. */
function SnoozeAll({ rules }: { rules: DeliveryRules }) {
  const { t, language } = useTexts();
  const change = useChange();
  const until = rules.snoozed_until;
  return (
    <section className={styles.section}>
      <h2>{t("messages.snooze")}</h2>
      <p>
        {until === null
          ? t("messages.notSnoozed")
          : t("messages.snoozedUntil", { moment: momentText(new Date(until), language) })}
      </p>
      <div className={styles.row}>
        {SNOOZES.map(([name, milliseconds]) => (
          <Button
            key={name}
            disabled={change.isPending}
            onClick={() =>
              change.mutate({ snoozed_until: new Date(Date.now() + milliseconds).toISOString() })
            }
          >
            {t(`messages.snooze.${name}`)}
          </Button>
        ))}
        {until !== null && (
          <Button onClick={() => change.mutate({ snoozed_until: null })}>
            {t("messages.endSnooze")}
          </Button>
        )}
      </div>
      {change.error && (
        <p className="bad" role="alert">
          {change.error.message}
        </p>
      )}
    </section>
  );
}

function RulesForm({ rules }: { rules: DeliveryRules }) {
  const { t } = useTexts();
  const [isQuiet, setQuiet] = useState(rules.quiet_hours !== null);
  const [begin, setBegin] = useState(rules.quiet_hours?.begin ?? "22:00");
  const [end, setEnd] = useState(rules.quiet_hours?.end ?? "07:00");
  const [zone, setZone] = useState(rules.time_zone);
  const [cap, setCap] = useState(String(rules.daily_cap));
  const [report, setReport] = useState(rules.daily_report);
  const change = useChange();
  const save = (event: FormEvent) => {
    event.preventDefault();
    change.mutate({
      time_zone: zone,
      quiet_hours: isQuiet ? { begin, end } : null,
      daily_cap: Number(cap),
      daily_report: report,
    });
  };
  return (
    <form className={styles.form} onSubmit={save}>
      <h2>{t("messages.when")}</h2>
      <fieldset>
        <legend>{t("messages.quiet")}</legend>
        <label className={styles.check}>
          <input
            type="checkbox"
            checked={isQuiet}
            onChange={(event) => setQuiet(event.target.checked)}
          />
          {t("messages.quietWanted")}
        </label>
        {isQuiet && (
          <div className={styles.row}>
            <Field
              label={t("messages.quietBegin")}
              type="time"
              required
              value={begin}
              onChange={(event) => setBegin(event.target.value)}
            />
            <Field
              label={t("messages.quietEnd")}
              type="time"
              required
              value={end}
              onChange={(event) => setEnd(event.target.value)}
            />
          </div>
        )}
      </fieldset>
      <ZoneField value={zone} onChange={setZone} hint={t("messages.zoneHint")} />
      <Field
        label={t("messages.cap")}
        hint={t("messages.capHint")}
        type="number"
        min={1}
        max={10_000}
        required
        value={cap}
        onChange={(event) => setCap(event.target.value)}
      />
      <fieldset>
        <legend>{t("messages.report")}</legend>
        {REPORTS.map((one) => (
          <label key={one} className={styles.check}>
            <input
              type="radio"
              name="report"
              checked={report === one}
              onChange={() => setReport(one)}
            />
            {t(`messages.report.${one}`)}
          </label>
        ))}
      </fieldset>
      <p role="status">
        {t(isQuiet ? "messages.meansQuiet" : "messages.meansAlways", { begin, end, zone, cap })}
      </p>
      {change.error && (
        <p className="bad" role="alert">
          {change.error.message}
        </p>
      )}
      <div>
        <Button type="submit" look="main" disabled={change.isPending}>
          {t("do.save")}
        </Button>
      </div>
    </form>
  );
}
