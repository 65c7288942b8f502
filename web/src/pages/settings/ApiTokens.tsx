import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, read, run, type Schema } from "../../api/client";
import { Button } from "../../components/Button";
import { Copy } from "../../components/Copy";
import { Field } from "../../components/Field";
import { Listing } from "../../components/Listing";
import { State } from "../../components/State";
import type { Column } from "../../components/Table";
import { useToast } from "../../components/Toast";
import { When } from "../../components/When";
import { momentText } from "../../format";
import { useSession } from "../../session";
import { useTexts } from "../../texts/texts";
import { useNow } from "../../useNow";
import styles from "./Settings.module.css";

type Token = Schema["ApiToken"];

const SCOPES = [
  "watches:read",
  "watches:write",
  "prices:read",
  "deals:read",
  "deals:write",
  "messages:read",
  "messages:write",
  "feeds:read",
  "operations:read",
  "operations:write",
] as const satisfies readonly Schema["Scope"][];
const DAYS = 90;

/** What programs act for one, what they may, and how to end that. */
export function ApiTokens() {
  const { t } = useTexts();
  const now = useNow();
  const queries = useQueryClient();
  const say = useToast();
  const query = useQuery({
    queryKey: ["settings", "tokens"],
    queryFn: () => read(api.GET("/api/v1/api-tokens")),
  });
  const revoke = useMutation({
    mutationFn: (token_id: number) =>
      run(api.DELETE("/api/v1/api-tokens/{token_id}", { params: { path: { token_id } } })),
    onSuccess: () => {
      queries.invalidateQueries({ queryKey: ["settings", "tokens"] });
      say({ says: t("settings.revoked") });
    },
    onError: (error) => say({ says: error.message }),
  });
  const isGood = (token: Token) => token.revoked_at === null && new Date(token.expires_at) > now;
  const columns: Column<Token>[] = [
    {
      head: t("settings.tokenName"),
      cell: (token) => <strong>{token.name}</strong>,
    },
    { head: t("settings.scopes"), cell: (token) => token.scopes.join(", ") },
    { head: t("settings.lastUsed"), cell: (token) => <When at={token.last_used_at} /> },
    { head: t("settings.state"), cell: (token) => <TokenState token={token} /> },
    {
      head: t("settings.do"),
      cell: (token) =>
        isGood(token) && (
          <Button
            disabled={revoke.isPending}
            aria-label={t("settings.revokeOf", { name: token.name })}
            onClick={() => revoke.mutate(token.id)}
          >
            {t("settings.revoke")}
          </Button>
        ),
    },
  ];
  return (
    <section className={styles.section}>
      <h2>{t("settings.tokens")}</h2>
      <p className="muted">{t("settings.tokensAbout")}</p>
      <Listing
        query={query}
        columns={columns}
        keyOf={(token) => token.id}
        label={t("settings.tokens")}
        empty={t("settings.noTokens")}
        hint={t("settings.noTokensDo")}
      />
      <MakeToken />
    </section>
  );
}

function TokenState({ token }: { token: Token }) {
  const { t, language } = useTexts();
  const now = useNow();
  if (token.revoked_at !== null) return <State kind="muted" says={t("settings.isRevoked")} />;
  const expires = new Date(token.expires_at);
  if (expires <= now) return <State kind="warn" says={t("settings.isExpired")} />;
  const until = t("settings.goodUntil", { moment: momentText(expires, language) });
  return <State kind="good" says={until} />;
}

function MakeToken() {
  const { t } = useTexts();
  const { isOperator } = useSession();
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [days, setDays] = useState(String(DAYS));
  const [scopes, setScopes] = useState<readonly Schema["Scope"][]>(["watches:read"]);
  const make = useMutation({
    mutationFn: () =>
      read(
        api.POST("/api/v1/api-tokens", {
          body: { name: name.trim(), scopes: [...scopes], days: Number(days) },
        }),
      ),
    onSuccess: () => {
      setName("");
      queries.invalidateQueries({ queryKey: ["settings", "tokens"] });
    },
  });
  const save = (event: FormEvent) => {
    event.preventDefault();
    make.mutate();
  };
  const offered = SCOPES.filter((scope) => isOperator || !scope.startsWith("operations:"));
  return (
    <>
      {make.data && (
        <div className={styles.once} role="status">
          <p>{t("settings.once")}</p>
          <Copy label={t("settings.newToken")} text={make.data.token} />
        </div>
      )}
      <details>
        <summary>{t("settings.makeToken")}</summary>
        <form className={styles.form} onSubmit={save}>
          <Field
            label={t("settings.tokenName")}
            hint={t("settings.tokenNameHint")}
            required
            maxLength={100}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
          <fieldset>
            <legend>{t("settings.scopes")}</legend>
            {offered.map((scope) => (
              <label key={scope} className={styles.check}>
                <input
                  type="checkbox"
                  checked={scopes.includes(scope)}
                  onChange={(event) =>
                    setScopes(
                      event.target.checked
                        ? [...scopes, scope]
                        : scopes.filter((one) => one !== scope),
                    )
                  }
                />
                <span>{t(`settings.scope.${scope}`)}</span>
              </label>
            ))}
          </fieldset>
          <Field
            label={t("settings.days")}
            type="number"
            min={1}
            max={366}
            required
            value={days}
            onChange={(event) => setDays(event.target.value)}
          />
          {make.error && (
            <p className="bad" role="alert">
              {make.error.message}
            </p>
          )}
          <div>
            <Button type="submit" look="main" disabled={make.isPending || scopes.length === 0}>
              {t("settings.make")}
            </Button>
          </div>
        </form>
      </details>
    </>
  );
}
