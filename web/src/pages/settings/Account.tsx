import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, read, type Schema } from "../../api/client";
import { Button } from "../../components/Button";
import { Segmented } from "../../components/Segmented";
import { useToast } from "../../components/Toast";
import { ZoneField } from "../../components/ZoneField";
import { useSession } from "../../session";
import { LANGUAGES, type Language, useTexts } from "../../texts/texts";
import styles from "./Settings.module.css";

/** What each language calls itself. */
const NAMES: Record<Language, string> = { en: "English", de: "Deutsch" };

/** Who one is here, in which language Keeper speaks, and in which zone days count. */
export function Account() {
  const { t, language, choose } = useTexts();
  const { me } = useSession();
  const [zone, setZone] = useState(me.time_zone);
  const queries = useQueryClient();
  const say = useToast();
  const change = useMutation({
    mutationFn: (body: Schema["MyChanges"]) => read(api.PATCH("/api/v1/me", { body })),
    onSuccess: (changed) => {
      queries.setQueryData(["me"], changed);
      // What was read in another language is read again.
      queries.invalidateQueries();
      say({ says: t("settings.saved") });
    },
    onError: (error) => say({ says: error.message }),
  });
  const speak = (chosen: Language) => {
    choose(chosen);
    change.mutate({ language: chosen });
  };
  const save = (event: FormEvent) => {
    event.preventDefault();
    change.mutate({ time_zone: zone });
  };
  return (
    <section className={styles.section}>
      <p>{t(`settings.role.${me.role}`, { email: me.email })}</p>
      <h2>{t("settings.language")}</h2>
      <div>
        <Segmented
          label={t("settings.language")}
          value={language}
          onChange={speak}
          options={LANGUAGES.map((one) => [one, NAMES[one]])}
        />
      </div>
      <p className="secondary">{t("settings.languageHint")}</p>
      {me.language !== language && (
        <p>
          {t("settings.otherLanguage", { language: NAMES[me.language] })}{" "}
          <Button onClick={() => change.mutate({ language })}>
            {t("settings.sameLanguage", { language: NAMES[language] })}
          </Button>
        </p>
      )}
      <form className={styles.form} onSubmit={save}>
        <ZoneField value={zone} onChange={setZone} hint={t("settings.zoneHint")} />
        <div>
          <Button type="submit" disabled={change.isPending || zone === me.time_zone}>
            {t("settings.saveZone")}
          </Button>
        </div>
      </form>
      <p className="secondary">{t("settings.theme")}</p>
    </section>
  );
}
