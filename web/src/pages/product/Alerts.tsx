import type { Watch } from "../../api/client";
import { useFailure } from "../../components/Failed";
import { Skeleton } from "../../components/Skeleton";
import { When } from "../../components/When";
import { siteMoney } from "../../format";
import { useTexts } from "../../texts/texts";
import styles from "./Tabs.module.css";
import type { useAlerts } from "./useAlerts";

interface Props {
  watch: Watch | undefined;
  alerts: ReturnType<typeof useAlerts>;
}

/** The alerts of a watch: for which price, why, and what became of them. */
export default function Alerts({ watch, alerts }: Props) {
  const { t } = useTexts();
  const failure = useFailure(alerts);
  if (watch === undefined) return <p className="muted">{t("product.noWatch")}</p>;
  if (!alerts.data) return failure ?? <Skeleton lines={4} height={40} />;
  if (alerts.items.length === 0) return failure ?? <p className="muted">{t("product.noAlerts")}</p>;
  return (
    <div className={styles.wide}>
      {failure}
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{t("product.time")}</th>
            <th scope="col" className={styles.number}>
              {t("product.price")}
            </th>
            <th scope="col">{t("product.reason")}</th>
            <th scope="col">{t("product.became")}</th>
          </tr>
        </thead>
        <tbody>
          {alerts.items.map((alert) => (
            <tr key={alert.id}>
              <td>
                <When at={alert.raised_at} />
              </td>
              <td className={styles.number}>
                {alert.price ? siteMoney(alert.price, alert.domain) : t("chart.noOffer")}
              </td>
              <td>{alert.reason}</td>
              <td>{t(`product.status.${alert.status}`)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
