import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { api, read, type Schema } from "../../api/client";
import { Listing } from "../../components/Listing";
import { State } from "../../components/State";
import type { Column } from "../../components/Table";
import { useTexts } from "../../texts/texts";
import styles from "./Operations.module.css";
import { Count, EVERY_MS } from "./parts";

const ENDING = ".dlq";

/** How far each group of workers is behind, and what each topic holds. */
export function Topics() {
  const { t } = useTexts();
  const lag = useQuery({
    queryKey: ["operations", "lag"],
    queryFn: () => read(api.GET("/api/v1/lag")),
    refetchInterval: EVERY_MS,
  });
  const topics = useQuery({
    queryKey: ["operations", "topics"],
    queryFn: () => read(api.GET("/api/v1/topics")),
    refetchInterval: EVERY_MS,
  });
  const lagColumns: Column<Schema["LagReply"]>[] = [
    { head: t("operations.group"), cell: (one) => one.group },
    { head: t("operations.topic"), cell: (one) => one.topic },
    {
      head: t("operations.unread"),
      cell: (one) =>
        one.unread === 0 ? <State kind="good" says="0" /> : <Count of={one.unread} />,
      isNumber: true,
    },
  ];
  const topicColumns: Column<Schema["TopicReply"]>[] = [
    {
      head: t("operations.topic"),
      cell: (topic) => {
        if (!topic.name.endsWith(ENDING)) return topic.name;
        const of = topic.name.slice(0, -ENDING.length);
        return <Link href={`/operations/dead-letters?topic=${of}`}>{topic.name}</Link>;
      },
    },
    {
      head: t("operations.partitions"),
      cell: (topic) => <Count of={topic.partitions} />,
      isNumber: true,
    },
    {
      head: t("operations.messages"),
      cell: (topic) => <Count of={topic.messages} />,
      isNumber: true,
    },
    {
      head: t("operations.readers"),
      cell: (topic) => topic.readers.map(({ group }) => group).join(", ") || "–",
    },
  ];
  return (
    <>
      <section className={styles.section}>
        <Listing
          title={t("operations.lag")}
          query={lag}
          columns={lagColumns}
          keyOf={(one) => `${one.group} ${one.topic}`}
          label={t("operations.lag")}
          empty={t("operations.noGroups")}
        />
      </section>
      <section className={styles.section}>
        <Listing
          title={t("operations.allTopics")}
          query={topics}
          columns={topicColumns}
          keyOf={(topic) => topic.name}
          label={t("operations.allTopics")}
          empty={t("operations.noTopics")}
        />
      </section>
    </>
  );
}
