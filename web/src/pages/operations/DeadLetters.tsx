import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useSearchParams } from "wouter";
import { api, read, type Schema } from "../../api/client";
import { Choice } from "../../components/Field";
import { Listing, Read } from "../../components/Listing";
import type { Column } from "../../components/Table";
import { When } from "../../components/When";
import { numberText } from "../../format";
import { useTexts } from "../../texts/texts";
import { usePages } from "../../usePages";
import { Asked } from "./Asked";
import styles from "./Operations.module.css";
import { EVERY_MS, PER_PAGE } from "./parts";

const ENDING = ".dlq";

/** Messages that could not be loaded: why, what they are, and another chance for them. */
export function DeadLetters() {
  const { t, language } = useTexts();
  const [search, setSearch] = useSearchParams();
  const topics = useQuery({
    queryKey: ["operations", "topics"],
    queryFn: () => read(api.GET("/api/v1/topics")),
    refetchInterval: EVERY_MS,
  });
  return (
    <Read query={topics} lines={1}>
      {({ items }) => {
        const boxes = items.filter(({ name }) => name.endsWith(ENDING));
        const fullest = [...boxes].sort((one, other) => other.messages - one.messages)[0];
        const topic = search.get("topic") ?? fullest?.name.slice(0, -ENDING.length);
        if (topic === undefined) return <p className="muted">{t("operations.noBoxes")}</p>;
        return (
          <>
            <div className={styles.row}>
              <Choice
                label={t("operations.topic")}
                value={topic}
                onChange={(event) => setSearch({ topic: event.target.value })}
                options={boxes.map(({ name, messages }) => {
                  const of = name.slice(0, -ENDING.length);
                  return [of, `${of} (${numberText(messages, language)})`] as const;
                })}
              />
            </div>
            <Letters key={topic} topic={topic} />
          </>
        );
      }}
    </Read>
  );
}

function Letters({ topic }: { topic: string }) {
  const { t } = useTexts();
  const [onlyLeft, setOnlyLeft] = useState(true);
  const { query, pages } = usePages(
    ["operations", "letters", topic, onlyLeft],
    (cursor) =>
      read(
        api.GET("/api/v1/topics/{topic}/dead-letters", {
          params: {
            path: { topic },
            query: { only_left: onlyLeft, limit: PER_PAGE, ...(cursor && { cursor }) },
          },
        }),
      ),
    EVERY_MS,
  );
  const replay = useMutation({
    mutationFn: () =>
      read(
        api.POST("/api/v1/topics/{topic}/dead-letters/replays", {
          params: { path: { topic } },
          body: {},
        }),
      ),
  });
  const columns: Column<Schema["LetterReply"]>[] = [
    {
      head: t("operations.place"),
      cell: (letter) => (
        <Link href={`/operations/dead-letters/${topic}/${letter.place}`}>{letter.place}</Link>
      ),
    },
    { head: t("operations.reason"), cell: (letter) => letter.reason },
    { head: t("operations.key"), cell: (letter) => letter.key ?? "–" },
    { head: t("operations.origin"), cell: (letter) => letter.origin },
    { head: t("operations.givenUp"), cell: (letter) => <When at={letter.given_up_at} /> },
  ];
  return (
    <section className={styles.section}>
      <Listing
        query={query}
        pages={pages}
        columns={columns}
        keyOf={(letter) => letter.place}
        label={t("operations.deadLetters")}
        empty={t("operations.noLetters")}
        hint={t("operations.noLettersHint")}
        filters={
          <Choice
            label={t("operations.which")}
            value={onlyLeft ? "left" : "all"}
            onChange={(event) => setOnlyLeft(event.target.value === "left")}
            options={[
              ["left", t("operations.onlyLeft")],
              ["all", t("operations.allLetters")],
            ]}
          />
        }
      />
      <Asked request={replay}>{t("operations.replayAll")}</Asked>
    </section>
  );
}

/** A button of its own that replays one letter. */
export function ReplayOne({ topic, place }: { topic: string; place: string }) {
  const { t } = useTexts();
  const replay = useMutation({
    mutationFn: () =>
      read(
        api.POST("/api/v1/topics/{topic}/dead-letters/replays", {
          params: { path: { topic } },
          body: { place },
        }),
      ),
  });
  return <Asked request={replay}>{t("operations.replayOne")}</Asked>;
}
