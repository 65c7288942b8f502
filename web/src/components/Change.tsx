import type { Schema } from "../api/client";
import { percentText, siteMoney } from "../format";
import { useTexts } from "../texts/texts";

interface Props {
  change: Schema["PriceChange"] | null;
  domain: string;
}

/** What a price is beside the one before it: a sign, how much, and the former one on hover. */
export function Change({ change, domain }: Props) {
  const { t, language } = useTexts();
  if (change === null || change.percent === 0) return null;
  const fell = change.percent < 0;
  const percent = percentText(Math.abs(change.percent) / 100, language);
  return (
    <span
      className={fell ? "figures good" : "figures muted"}
      title={t("change.before", { amount: siteMoney(change.before, domain) })}
    >
      <span aria-hidden="true">{fell ? "▼ " : "▲ "}</span>
      <span className="unseen">{t(fell ? "change.fell" : "change.rose")} </span>
      {percent}
    </span>
  );
}
