import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, read, run, type Schema } from "../../api/client";
import { Button, ExternalLink } from "../../components/Button";
import { Copy } from "../../components/Copy";
import { Read } from "../../components/Listing";
import { State } from "../../components/State";
import { useToast } from "../../components/Toast";
import { When } from "../../components/When";
import { momentText } from "../../format";
import { useTexts } from "../../texts/texts";
import styles from "./Settings.module.css";

const AGAIN_MS = 3_000;

/** Which Telegram account is one's own: linked by a code that the bot is sent, once. */
export function Telegram() {
  const { t } = useTexts();
  const queries = useQueryClient();
  const say = useToast();
  const link = useMutation({ mutationFn: () => read(api.POST("/api/v1/me/telegram")) });
  const isLinking = link.data !== undefined;
  const query = useQuery({
    queryKey: ["settings", "telegram"],
    queryFn: () => read(api.GET("/api/v1/me/telegram")),
    // The bot links it, and nothing announces that.
    refetchInterval: ({ state }) =>
      isLinking && state.data?.telegram_id === null ? AGAIN_MS : false,
  });
  const unlink = useMutation({
    mutationFn: () => run(api.DELETE("/api/v1/me/telegram")),
    onSuccess: () => {
      link.reset();
      queries.invalidateQueries({ queryKey: ["settings", "telegram"] });
      say({ says: t("settings.unlinked") });
    },
    onError: (error) => say({ says: error.message }),
  });
  return (
    <section className={styles.section}>
      <Read query={query} title={t("settings.telegram")} lines={1}>
        {(state) => (
          <>
            <p className="muted">{t("settings.telegramAbout")}</p>
            {state.telegram_id !== null ? (
              <>
                <p>
                  <State
                    kind="good"
                    says={t("settings.linked", { id: String(state.telegram_id) })}
                  />{" "}
                  <When at={state.linked_at} />
                </p>
                <div>
                  <Button disabled={unlink.isPending} onClick={() => unlink.mutate()}>
                    {t("settings.unlink")}
                  </Button>
                </div>
              </>
            ) : (
              <>
                <div>
                  <Button disabled={link.isPending} onClick={() => link.mutate()}>
                    {t("settings.link")}
                  </Button>
                </div>
                {link.data && <Code code={link.data} bot={state.bot} />}
              </>
            )}
            {link.error && (
              <p className="bad" role="alert">
                {link.error.message}
              </p>
            )}
          </>
        )}
      </Read>
    </section>
  );
}

/** A code to link by: a link that opens the bot with it, and what to send by hand. */
function Code({ code, bot }: { code: Schema["LinkingCode"]; bot: string | null }) {
  const { t, language } = useTexts();
  return (
    <div className={styles.once} role="status">
      {code.link === null ? (
        <p>{t("settings.noBot")}</p>
      ) : (
        <div>
          <ExternalLink to={code.link}>
            {t("settings.openBot", { bot: `@${bot ?? ""}` })}
          </ExternalLink>
        </div>
      )}
      <p>{t("settings.sendByHand")}</p>
      <Copy label={t("settings.linkingCode")} text={`/start ${code.code}`} />
      <p className="secondary">
        {t("settings.codeUntil", { moment: momentText(new Date(code.expires_at), language) })}
      </p>
    </div>
  );
}
