import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, read, run, type Schema } from "../../api/client";
import { Button } from "../../components/Button";
import { State, type StateKind } from "../../components/State";
import { useToast } from "../../components/Toast";
import { numberText } from "../../format";
import { removeLater } from "../../removals";
import { useTexts } from "../../texts/texts";
import { isOver, useRequest } from "../../useRequest";
import styles from "./Messages.module.css";
import { useChannelName } from "./parts";

type ChannelReply = Schema["ChannelReply"];

const KINDS: Record<Schema["DeliveryStatus"], StateKind> = {
  SENT: "good",
  FAILED: "bad",
  UNKNOWN: "warn",
  NOT_CONFIGURED: "warn",
};

interface Props {
  channel: ChannelReply;
  /** Whether those of others are shown too. */
  showsOwner: boolean;
}

/** A place where messages go: how it is, and what can be done about it. */
export function Channel({ channel, showsOwner }: Props) {
  const { t, language } = useTexts();
  const nameOf = useChannelName();
  const counts = (["sent", "waiting", "failed", "unknown"] as const)
    .filter((count) => count === "sent" || channel[count] > 0)
    .map((count) => t(`messages.count.${count}`, { count: numberText(channel[count], language) }));
  return (
    <li>
      <div className={styles.words}>
        <strong>{nameOf(channel)}</strong>
        {showsOwner && <span className="secondary"> · {channel.owner}</span>}
        <p>
          <State
            kind={channel.is_active ? (channel.problem ? "bad" : "good") : "warn"}
            says={t(channel.is_active ? "messages.active" : "messages.paused")}
          />
          <span className="secondary"> · {counts.join(" · ")}</span>
        </p>
        {channel.problem && <p className="bad">{channel.problem}</p>}
      </div>
      <Actions channel={channel} name={nameOf(channel)} />
    </li>
  );
}

function Actions({ channel, name }: { channel: ChannelReply; name: string }) {
  const { t } = useTexts();
  const queries = useQueryClient();
  const say = useToast();
  const path = { channel_id: channel.id };
  const again = () => queries.invalidateQueries({ queryKey: ["messages"] });
  const pause = useMutation({
    mutationFn: (is_active: boolean) =>
      read(api.PATCH("/api/v1/channels/{channel_id}", { params: { path }, body: { is_active } })),
    onSuccess: again,
    onError: (error) => say({ says: error.message }),
  });
  const test = useMutation({
    mutationFn: () => read(api.POST("/api/v1/channels/{channel_id}:test", { params: { path } })),
  });
  const remove = () => {
    const undo = removeLater(
      `channel ${channel.id}`,
      () =>
        run(
          api.DELETE("/api/v1/channels/{channel_id}", { params: { path }, keepalive: true }),
        ).then(again),
      (error) => say({ says: error.message }),
    );
    say({ says: t("messages.removed", { name }), undo });
  };
  return (
    <>
      <div className={styles.row}>
        <Button
          onClick={() => test.mutate()}
          disabled={test.isPending}
          aria-label={t("messages.testOf", { name })}
        >
          {t("messages.test")}
        </Button>
        <Button
          onClick={() => pause.mutate(!channel.is_active)}
          disabled={pause.isPending}
          aria-label={t(channel.is_active ? "messages.pauseOf" : "messages.useOf", { name })}
        >
          {t(channel.is_active ? "messages.pause" : "messages.use")}
        </Button>
        <Button look="quiet" onClick={remove} aria-label={t("messages.removeOf", { name })}>
          {t("messages.remove")}
        </Button>
      </div>
      <div className={styles.answer} role="status">
        {test.error && <State kind="bad" says={test.error.message} />}
        {test.data && <Answer id={test.data.id} />}
      </div>
    </>
  );
}

/** What the provider answered to a test. */
function Answer({ id }: { id: number }) {
  const { t } = useTexts();
  const request = useRequest(id);
  if (request.error && !request.data) return <State kind="bad" says={request.error.message} />;
  if (!request.data || !isOver(request.data)) return <span>{t("messages.testing")}</span>;
  const { result, problem } = request.data;
  if (result === null || !("delivery" in result)) {
    return <State kind="bad" says={problem ?? t("messages.testFailed")} />;
  }
  return (
    <>
      <State kind={KINDS[result.delivery]} says={t(`messages.delivery.${result.delivery}`)} />
      <span className="secondary"> · {result.detail}</span>
      {result.remedy && <p>{result.remedy}</p>}
    </>
  );
}
