import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, read } from "../api/client";
import { Button } from "../components/Button";
import { Field } from "../components/Field";
import { useTitle } from "../components/Page";
import { useTexts } from "../texts/texts";
import styles from "./SignIn.module.css";

/** Who has not signed in asks for a link here. The answer is the same for every address. */
export default function SignIn() {
  const { t } = useTexts();
  const [email, setEmail] = useState("");
  const mail = useMutation({
    mutationFn: () => read(api.POST("/api/v1/sign-in", { body: { email } })),
  });
  useTitle(t("signIn.title"));

  const send = (event: FormEvent) => {
    event.preventDefault();
    mail.mutate();
  };
  return (
    <main className={styles.page}>
      <h1>Keeper</h1>
      {mail.isSuccess ? (
        <p role="status">{t("signIn.sent")}</p>
      ) : (
        <form className={styles.form} onSubmit={send}>
          <p className="muted">{t("signIn.intro")}</p>
          <Field
            label={t("signIn.address")}
            type="email"
            autoComplete="email"
            required
            value={email}
            onChange={(event) => setEmail(event.target.value)}
            error={mail.error?.message ?? null}
          />
          <Button type="submit" look="main" disabled={mail.isPending}>
            {t("signIn.send")}
          </Button>
        </form>
      )}
    </main>
  );
}
