import type { Locale, Schema } from "../../api/client";
import { percentText, siteMoney, weekdayText } from "../../format";
import { useTexts } from "../../texts/texts";
import { against } from "./against";
import styles from "./Figures.module.css";

interface Props {
  windows: readonly Schema["WindowReply"][];
  weekdays: readonly Schema["WeekdayReply"][];
  domain: Locale;
}

/** What a price was within each time, and on each day of the week, as tables. */
export default function AllFigures({ windows, weekdays, domain }: Props) {
  const { t, language } = useTexts();
  const text = (money: Schema["Money"] | null) =>
    money ? siteMoney(money, domain) : t("chart.noOffer");
  return (
    <div className={styles.tables}>
      <Windows windows={windows} text={text} />
      {weekdays.length > 0 && (
        <table className={styles.table}>
          <caption className="secondary">{t("product.weekdays")}</caption>
          <thead>
            <tr>
              <th scope="col">{t("product.weekday")}</th>
              <th scope="col">{t("product.averageHead")}</th>
              <th scope="col">{t("product.ofAverage")}</th>
            </tr>
          </thead>
          <tbody>
            {weekdays.map((one) => (
              <tr key={one.weekday}>
                <th scope="row">{weekdayText(one.weekday, language)}</th>
                <td>{text(one.average)}</td>
                <td>
                  {one.of_average_percent === null ? "" : against(one.of_average_percent, language)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

interface WindowsProps {
  windows: readonly Schema["WindowReply"][];
  text: (money: Schema["Money"] | null) => string;
}

function Windows({ windows, text }: WindowsProps) {
  const { t, language } = useTexts();
  const heads = [
    "product.window",
    "product.lowest",
    "product.averageHead",
    "product.highest",
    "product.offerShare",
    "product.changes",
  ] as const;
  return (
    <table className={styles.table}>
      <thead>
        <tr>
          {heads.map((head) => (
            <th key={head} scope="col">
              {t(head)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {windows.map((one) => (
          <tr key={one.days ?? "ever"}>
            <th scope="row">
              {one.days === null
                ? t("product.window.ever")
                : t("product.window.days", { days: one.days })}
            </th>
            <td>{text(one.lowest)}</td>
            <td>{text(one.average)}</td>
            <td>{text(one.highest)}</td>
            <td>
              {one.share_with_offer === null ? "" : percentText(one.share_with_offer, language)}
            </td>
            <td>{one.changes}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
