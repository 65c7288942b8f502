import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, read, run, type Schema } from "../../api/client";
import { Button } from "../../components/Button";
import { Listing } from "../../components/Listing";
import type { Column } from "../../components/Table";
import { useToast } from "../../components/Toast";
import { When } from "../../components/When";
import { momentText } from "../../format";
import { useSession } from "../../session";
import { useTexts } from "../../texts/texts";
import styles from "./Settings.module.css";

type Session = Schema["SessionReply"];

/** Where one is signed in, and how to sign out: here, there, or everywhere else. */
export function Sessions() {
  const { t, language } = useTexts();
  const { signOut } = useSession();
  const queries = useQueryClient();
  const say = useToast();
  const query = useQuery({
    queryKey: ["settings", "sessions"],
    queryFn: () => read(api.GET("/api/v1/me/sessions")),
  });
  const again = () => queries.invalidateQueries({ queryKey: ["settings", "sessions"] });
  const failed = (error: Error) => say({ says: error.message });
  const end = useMutation({
    mutationFn: (session_id: number) =>
      run(api.DELETE("/api/v1/me/sessions/{session_id}", { params: { path: { session_id } } })),
    onSuccess: again,
    onError: failed,
  });
  const endOthers = useMutation({
    mutationFn: () => read(api.DELETE("/api/v1/me/sessions")),
    onSuccess: ({ ended }) => {
      again();
      say({ says: t("settings.endedOthers", { ended }) });
    },
    onError: failed,
  });
  const out = useMutation({ mutationFn: signOut, onError: failed });
  const columns: Column<Session>[] = [
    {
      head: t("settings.session"),
      cell: (session) => (
        <>
          {t("settings.since", { moment: momentText(new Date(session.created_at), language) })}
          {session.is_this && <strong> · {t("settings.thisSession")}</strong>}
        </>
      ),
    },
    { head: t("settings.lastUsed"), cell: (session) => <When at={session.last_used_at} /> },
    { head: t("settings.expires"), cell: (session) => <When at={session.expires_at} /> },
    {
      head: t("settings.do"),
      cell: (session) =>
        session.is_this ? (
          <Button disabled={out.isPending} onClick={() => out.mutate()}>
            {t("do.signOut")}
          </Button>
        ) : (
          <Button disabled={end.isPending} onClick={() => end.mutate(session.id)}>
            {t("settings.end")}
          </Button>
        ),
    },
  ];
  return (
    <section className={styles.section}>
      <Listing
        title={t("settings.sessions")}
        query={query}
        columns={columns}
        keyOf={(session) => session.id}
        label={t("settings.sessions")}
        empty={t("settings.noSessions")}
      />
      {(query.data?.items.length ?? 0) > 1 && (
        <div>
          <Button disabled={endOthers.isPending} onClick={() => endOthers.mutate()}>
            {t("settings.endOthers")}
          </Button>
        </div>
      )}
    </section>
  );
}
