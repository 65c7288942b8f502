import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useParams } from "wouter";
import { api, read, type Schema } from "../../api/client";
import { Read } from "../../components/Listing";
import { Segmented } from "../../components/Segmented";
import { When } from "../../components/When";
import { bytesText, fromBase64, hexLines } from "../../quantities";
import { useTexts } from "../../texts/texts";
import { ReplayOne } from "./DeadLetters";
import { Facts } from "./Facts";
import styles from "./Operations.module.css";

type Shown = "text" | "hex";

/** A dead letter: why it is one, its headers, its bytes, and another chance for it. */
export function DeadLetter() {
  const { t } = useTexts();
  const { topic, place } = useParams<{ topic: string; place: string }>();
  const query = useQuery({
    queryKey: ["operations", "letter", topic, place],
    queryFn: () =>
      read(
        api.GET("/api/v1/topics/{topic}/dead-letters/{place}", {
          params: { path: { topic, place } },
        }),
      ),
  });
  return (
    <Read query={query}>
      {(letter) => (
        <section className={styles.section}>
          <p>
            <Link href={`/operations/dead-letters?topic=${topic}`}>
              {t("operations.allOfTopic")}
            </Link>
          </p>
          <h2>{t("operations.letterAt", { topic, place })}</h2>
          <p className="bad">{letter.reason}</p>
          <Facts
            facts={[
              [t("operations.origin"), letter.origin],
              [t("operations.key"), letter.key ?? "–"],
              [t("operations.givenUp"), <When key="at" at={letter.given_up_at} />],
            ]}
          />
          <h3>{t("operations.headers")}</h3>
          <Facts facts={Object.entries(letter.headers)} />
          <h3>{t("operations.message")}</h3>
          <Value letter={letter} />
          <ReplayOne topic={topic} place={place} />
        </section>
      )}
    </Read>
  );
}

function Value({ letter }: { letter: Schema["LetterInDetailReply"] }) {
  const { t, language } = useTexts();
  const [shown, setShown] = useState<Shown>("text");
  if (letter.value === null || letter.value_base64 === null) {
    return <p className="warn">{t("operations.tooLarge")}</p>;
  }
  const bytes = fromBase64(letter.value_base64);
  return (
    <>
      <div className={styles.row}>
        <Segmented
          label={t("operations.shownAs")}
          value={shown}
          onChange={setShown}
          options={[
            ["text", t("operations.asText")],
            ["hex", t("operations.asHex")],
          ]}
        />
        <span className="secondary">{bytesText(bytes.length, language)}</span>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <pre className={`${styles.bytes} ${shown === "text" ? styles.text : ""}`} tabIndex={0}>
        {shown === "text" ? letter.value : hexLines(bytes).join("\n")}
      </pre>
    </>
  );
}
