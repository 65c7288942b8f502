import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Link, useLocation, useParams } from "wouter";
import { api, read, run, type Schema } from "../../api/client";
import { Button } from "../../components/Button";
import { Field } from "../../components/Field";
import { Listing, Read } from "../../components/Listing";
import { useLimitColumns } from "../../components/limits";
import { Segmented } from "../../components/Segmented";
import type { Column } from "../../components/Table";
import { useToast } from "../../components/Toast";
import { When } from "../../components/When";
import { useTexts } from "../../texts/texts";
import { Facts } from "./Facts";
import styles from "./Operations.module.css";
import { Count, problemText } from "./parts";

type Limit = Schema["LimitReply"];

/** One user: their role, their limits, and an end to their access. */
export function User() {
  const { t } = useTexts();
  const user_id = Number(useParams<{ id: string }>().id);
  const queries = useQueryClient();
  const say = useToast();
  const path = { user_id };
  const query = useQuery({
    queryKey: ["operations", "users", user_id],
    queryFn: () => read(api.GET("/api/v1/users/{user_id}", { params: { path } })),
  });
  const change = useMutation({
    mutationFn: (role: Schema["Role"]) =>
      read(api.PATCH("/api/v1/users/{user_id}", { params: { path }, body: { role } })),
    onSuccess: () => {
      queries.invalidateQueries({ queryKey: ["operations", "users"] });
      queries.invalidateQueries({ queryKey: ["me"] });
    },
    onError: (error) => say({ says: error.message }),
  });
  return (
    <Read query={query}>
      {(user) => (
        <>
          <section className={styles.section}>
            <p>
              <Link href="/operations/users">{t("operations.users")}</Link>
            </p>
            <h2>{user.email}</h2>
            <Facts
              facts={[
                [t("operations.watches"), <Count key="watches" of={user.watches} />],
                [t("operations.sinceWhen"), <When key="since" at={user.created_at} />],
                [t("operations.lastSeen"), <When key="seen" at={user.last_seen_at} />],
              ]}
            />
            <div>
              <Segmented
                label={t("operations.role")}
                value={user.role}
                onChange={(role) => change.mutate(role)}
                options={[
                  ["reader", t("operations.role.reader")],
                  ["operator", t("operations.role.operator")],
                ]}
              />
            </div>
          </section>
          <UserLimits userId={user_id} />
          <Removal user={user} />
        </>
      )}
    </Read>
  );
}

function UserLimits({ userId }: { userId: number }) {
  const { t } = useTexts();
  const query = useQuery({
    queryKey: ["operations", "users", userId, "limits"],
    queryFn: () =>
      read(api.GET("/api/v1/users/{user_id}/limits", { params: { path: { user_id: userId } } })),
  });
  const columns: Column<Limit>[] = [
    ...useLimitColumns(),
    {
      head: t("operations.change"),
      cell: (limit) => (
        <LimitForm key={`${limit.name} ${limit.most}`} userId={userId} limit={limit} />
      ),
    },
  ];
  return (
    <section className={styles.section}>
      <Listing
        title={t("operations.limits")}
        above={() => <p className="secondary">{t("operations.mostHint")}</p>}
        query={query}
        columns={columns}
        keyOf={(limit) => limit.name}
        label={t("operations.limits")}
        empty={t("operations.noLimits")}
      />
    </section>
  );
}

function LimitForm({ userId, limit }: { userId: number; limit: Limit }) {
  const { t } = useTexts();
  const queries = useQueryClient();
  const [most, setMost] = useState(limit.most === null ? "" : String(limit.most));
  const path = { user_id: userId, limit: limit.name };
  const onSuccess = () =>
    queries.invalidateQueries({ queryKey: ["operations", "users", userId, "limits"] });
  const set = useMutation({
    mutationFn: () =>
      run(
        api.PUT("/api/v1/users/{user_id}/limits/{limit}", {
          params: { path },
          body: { most: most.trim() === "" ? null : Number(most) },
        }),
      ),
    onSuccess,
  });
  const unset = useMutation({
    mutationFn: () =>
      run(api.DELETE("/api/v1/users/{user_id}/limits/{limit}", { params: { path } })),
    onSuccess,
  });
  const save = (event: FormEvent) => {
    event.preventDefault();
    set.mutate();
  };
  return (
    <form className={styles.field} onSubmit={save}>
      <Field
        label={t("operations.mostOf", { limit: t(`limits.${limit.name}`) })}
        type="number"
        min={0}
        value={most}
        onChange={(event) => setMost(event.target.value)}
        error={problemText(set.error ?? unset.error)}
      />
      <Button type="submit" disabled={set.isPending}>
        {t("do.save")}
      </Button>
      {limit.is_own && (
        <Button disabled={unset.isPending} onClick={() => unset.mutate()}>
          {t("operations.unset")}
        </Button>
      )}
    </form>
  );
}

/** Removing a user cannot be undone: their address is typed in first. */
function Removal({ user }: { user: Schema["User"] }) {
  const { t } = useTexts();
  const [, goTo] = useLocation();
  const queries = useQueryClient();
  const say = useToast();
  const [typed, setTyped] = useState("");
  const remove = useMutation({
    mutationFn: () =>
      run(api.DELETE("/api/v1/users/{user_id}", { params: { path: { user_id: user.id } } })),
    onSuccess: () => {
      queries.removeQueries({ queryKey: ["operations", "users", user.id] });
      queries.invalidateQueries({ queryKey: ["operations", "users"] });
      say({ says: t("operations.userRemoved", { email: user.email }) });
      goTo("/operations/users");
    },
  });
  const save = (event: FormEvent) => {
    event.preventDefault();
    remove.mutate();
  };
  return (
    <details>
      <summary>{t("operations.removeUser")}</summary>
      <p>{t("operations.removeUserAbout", { email: user.email })}</p>
      <form className={styles.field} onSubmit={save}>
        <Field
          label={t("operations.typeAddress")}
          autoComplete="off"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          error={problemText(remove.error)}
        />
        <Button type="submit" disabled={typed !== user.email || remove.isPending}>
          {t("operations.removeUser")}
        </Button>
      </form>
    </details>
  );
}
