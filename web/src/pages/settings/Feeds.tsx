import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, CONSOLE_PATH, read } from "../../api/client";
import { Button } from "../../components/Button";
import { Copy } from "../../components/Copy";
import { useTexts } from "../../texts/texts";
import styles from "./Settings.module.css";

const DAYS = 366;

/** Alerts and deals for a reader of feeds, by addresses that hold a token for feeds alone. */
export function Feeds() {
  const { t } = useTexts();
  const queries = useQueryClient();
  const make = useMutation({
    mutationFn: () =>
      read(
        api.POST("/api/v1/api-tokens", {
          body: { name: t("settings.feedToken"), scopes: ["feeds:read"], days: DAYS },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["settings", "tokens"] }),
  });
  const address = (name: string) =>
    `${location.origin}${CONSOLE_PATH}/api/v1/feeds/${name}.atom?token=${make.data?.token}`;
  return (
    <section className={styles.section}>
      <h2>{t("settings.feeds")}</h2>
      <p className="muted">{t("settings.feedsAbout")}</p>
      {make.data && (
        <div className={styles.once} role="status">
          <p>{t("settings.feedsOnce")}</p>
          <h3>{t("settings.feedAlerts")}</h3>
          <Copy label={t("settings.feedAlerts")} text={address("alerts")} />
          <h3>{t("settings.feedDeals")}</h3>
          <Copy label={t("settings.feedDeals")} text={address("deals")} />
        </div>
      )}
      {make.error && (
        <p className="bad" role="alert">
          {make.error.message}
        </p>
      )}
      <div>
        <Button disabled={make.isPending} onClick={() => make.mutate()}>
          {t("settings.makeFeeds")}
        </Button>
      </div>
    </section>
  );
}
