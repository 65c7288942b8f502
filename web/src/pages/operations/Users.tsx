import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Link } from "wouter";
import { api, read, type Schema } from "../../api/client";
import { Button } from "../../components/Button";
import { Choice, Field } from "../../components/Field";
import { Listing } from "../../components/Listing";
import type { Column } from "../../components/Table";
import { When } from "../../components/When";
import { useTexts } from "../../texts/texts";
import { usePages } from "../../usePages";
import styles from "./Operations.module.css";
import { Count, PER_PAGE, problemText } from "./parts";

type User = Schema["User"];

/** Who may sign in, and how much each sees. */
export function Users() {
  const { t } = useTexts();
  const { query, pages } = usePages(["operations", "users"], (cursor) =>
    read(
      api.GET("/api/v1/users", {
        params: { query: { limit: PER_PAGE, ...(cursor && { cursor }) } },
      }),
    ),
  );
  const columns: Column<User>[] = [
    {
      head: t("operations.address"),
      cell: (user) => <Link href={`/operations/users/${user.id}`}>{user.email}</Link>,
    },
    { head: t("operations.role"), cell: (user) => t(`operations.role.${user.role}`) },
    { head: t("operations.watches"), cell: (user) => <Count of={user.watches} />, isNumber: true },
    { head: t("operations.sinceWhen"), cell: (user) => <When at={user.created_at} /> },
    { head: t("operations.lastSeen"), cell: (user) => <When at={user.last_seen_at} /> },
  ];
  return (
    <>
      <section className={styles.section}>
        <Listing
          query={query}
          pages={pages}
          columns={columns}
          keyOf={(user) => user.id}
          label={t("operations.users")}
          empty={t("operations.noUsers")}
        />
      </section>
      <AddUser />
    </>
  );
}

function AddUser() {
  const { t } = useTexts();
  const queries = useQueryClient();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Schema["Role"]>("reader");
  const add = useMutation({
    mutationFn: () => read(api.POST("/api/v1/users", { body: { email: email.trim(), role } })),
    onSuccess: () => {
      setEmail("");
      queries.invalidateQueries({ queryKey: ["operations", "users"] });
    },
  });
  const save = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <section className={styles.section}>
      <h2>{t("operations.addUser")}</h2>
      <form className={styles.field} onSubmit={save}>
        <Field
          label={t("operations.address")}
          type="email"
          required
          value={email}
          onChange={(event) => setEmail(event.target.value)}
          error={problemText(add.error)}
        />
        <Choice
          label={t("operations.role")}
          value={role}
          onChange={(event) => setRole(event.target.value as Schema["Role"])}
          options={[
            ["reader", t("operations.role.reader")],
            ["operator", t("operations.role.operator")],
          ]}
        />
        <Button type="submit" look="main" disabled={add.isPending}>
          {t("operations.add")}
        </Button>
      </form>
    </section>
  );
}
