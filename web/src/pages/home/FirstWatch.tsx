import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { Button } from "../../components/Button";
import { Field } from "../../components/Field";
import { useTexts } from "../../texts/texts";
import styles from "./Home.module.css";

/** What somebody sees who watches nothing yet: what will be here, and where to begin. */
export function FirstWatch() {
  const { t } = useTexts();
  const [, goTo] = useLocation();
  const [product, setProduct] = useState("");
  const begin = (event: FormEvent) => {
    event.preventDefault();
    goTo(`/add?text=${encodeURIComponent(product)}`);
  };
  return (
    <section className={styles.first}>
      <h2>{t("watches.empty")}</h2>
      <p className="muted">{t("home.first")}</p>
      <form className={styles.form} onSubmit={begin}>
        <Field
          label={t("home.paste")}
          hint={t("add.hint")}
          required
          autoComplete="off"
          value={product}
          onChange={(event) => setProduct(event.target.value)}
        />
        <Button type="submit" look="main">
          {t("home.goOn")}
        </Button>
      </form>
    </section>
  );
}
