import { dayText } from "../../format";
import { useTexts } from "../../texts/texts";
import styles from "./Rules.module.css";
import type { useTrial } from "./useTrial";

/** How often what is edited would have alerted within a year; the chart shows when. */
export function DryRun({ trial }: { trial: ReturnType<typeof useTrial> }) {
  const { t, language } = useTexts();
  return (
    <div className={styles.trial} aria-live="polite">
      {trial.error && <p className="bad">{trial.error.message}</p>}
      {trial.data && <p>◇ {said(trial.data)}</p>}
      {trial.data?.known_since && (
        <p className="secondary">
          {t("trial.since", { day: dayText(new Date(trial.data.known_since), language) })}
        </p>
      )}
    </div>
  );

  function said({ alerts, known_since: since }: NonNullable<typeof trial.data>): string {
    const last = alerts.at(-1);
    if (since === null) return t("trial.unknown");
    if (last === undefined) return t("trial.none");
    const day = dayText(new Date(last.at), language);
    return alerts.length === 1
      ? t("trial.one", { day })
      : t("trial.many", { count: alerts.length, day });
  }
}
