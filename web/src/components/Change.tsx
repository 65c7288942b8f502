import type { Schema } from "../api/client";
import { percentText } from "../format";
import { useTexts } from "../texts/texts";

/** What a price is beside the one before it: a sign, how much, and the former one on hover. */
export function Change({ change }: { change: Schema["PriceChange"] | null }) {
  const { t, language } = useTexts();
  if (change === null || change.percent === 0) return null;
  const fell = change.percent < 0;
  const percent = percentText(Math.abs(change.percent) / 100, language);
  return (
    <span
      className={fell ? "figures good" : "figures muted"}
      title={t("change.before", { amount: change.before.text })}
    >
      <span aria-hidden="true">{fell ? "▼ " : "▲ "}</span>
      <span className="unseen">{t(fell ? "change.fell" : "change.rose")} </span>
      {percent}
    </span>
  );
}
