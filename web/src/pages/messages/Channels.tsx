import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, read, type Schema } from "../../api/client";
import { Button } from "../../components/Button";
import { Empty } from "../../components/Empty";
import { Choice, Field } from "../../components/Field";
import { Read } from "../../components/Listing";
import { useRemoved } from "../../removals";
import { useSession } from "../../session";
import { useTexts } from "../../texts/texts";
import { usePages } from "../../usePages";
import { Channel } from "./Channel";
import styles from "./Messages.module.css";
import { useOwner } from "./owner";

const MOST = 500;
const KINDS = [
  "email",
  "telegram",
  "discord",
  "apprise",
] as const satisfies readonly Schema["ChannelKind"][];

/** Where messages go: whether they arrive, a test, a pause, and another place. */
export function Channels() {
  const { t } = useTexts();
  const { me, isOperator } = useSession();
  const owner = useOwner();
  const removed = useRemoved();
  const { query } = usePages(["messages", "channels", owner.query], () =>
    read(api.GET("/api/v1/channels", { params: { query: { ...owner.query, limit: MOST } } })),
  );
  return (
    <>
      <Read query={query} filters={owner.choice} lines={3}>
        {({ items }) => {
          const shown = items.filter(({ id }) => !removed.has(`channel ${id}`));
          const hasOwn = shown.some(
            ({ kind, address }) => kind === "email" && address === me.email,
          );
          return (
            <>
              {shown.length === 0 ? (
                <Empty says={t("messages.noChannels")} hint={t("messages.noChannelsDo")} />
              ) : (
                <ul className={styles.channels}>
                  {shown.map((channel) => (
                    <Channel key={channel.id} channel={channel} showsOwner={owner.showsAll} />
                  ))}
                </ul>
              )}
              {isOperator ? <AddChannel /> : !hasOwn && <AddOwn address={me.email} />}
            </>
          );
        }}
      </Read>
      {!isOperator && <p className="secondary">{t("messages.readersChannels")}</p>}
    </>
  );
}

function useAdd(done: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: Schema["NewChannel"]) => read(api.POST("/api/v1/channels", { body })),
    onSuccess: () => {
      queries.invalidateQueries({ queryKey: ["messages"] });
      done();
    },
  });
}

/** Operators send their own messages to any place that the settings know. */
function AddChannel() {
  const { t } = useTexts();
  const [kind, setKind] = useState<Schema["ChannelKind"]>("email");
  const [address, setAddress] = useState("");
  const add = useAdd(() => setAddress(""));
  const save = (event: FormEvent) => {
    event.preventDefault();
    add.mutate({ kind, address: address.trim() });
  };
  return (
    <form className={`${styles.form} ${styles.section}`} onSubmit={save}>
      <h2>{t("messages.addChannel")}</h2>
      <Choice
        label={t("messages.kind")}
        value={kind}
        onChange={(event) => setKind(event.target.value as Schema["ChannelKind"])}
        options={KINDS.map((one) => [one, t(`messages.kind.${one}`)])}
      />
      <Field
        label={t(`messages.address.${kind}`)}
        hint={t(`messages.addressHint.${kind}`)}
        required
        value={address}
        onChange={(event) => setAddress(event.target.value)}
        error={add.error?.message ?? null}
      />
      <div>
        <Button type="submit" look="main" disabled={add.isPending}>
          {t("messages.add")}
        </Button>
      </div>
    </form>
  );
}

/** Readers have one place of their own: the address they sign in with. */
function AddOwn({ address }: { address: string }) {
  const { t } = useTexts();
  const add = useAdd(() => undefined);
  return (
    <p>
      <Button
        look="main"
        disabled={add.isPending}
        onClick={() => add.mutate({ kind: "email", address })}
      >
        {t("messages.addOwn", { address })}
      </Button>
      {add.error && (
        <span className="bad" role="alert">
          {add.error.message}
        </span>
      )}
    </p>
  );
}
