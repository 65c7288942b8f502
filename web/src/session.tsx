import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, lazy, type ReactNode, Suspense, useContext, useMemo } from "react";
import { ApiError, api, read, run, type Schema } from "./api/client";
import { Failed } from "./components/Failed";
import { WaitingFrame } from "./components/Frame";
import { IS_MINI_APP } from "./telegram";

interface Session {
  me: Schema["Me"];
  isOperator: boolean;
  signOut: () => Promise<void>;
}

const SignIn = lazy(() => import("./pages/SignIn"));
const Context = createContext<Session | null>(null);

/** Show what is below to who has signed in, and the page to sign in to everybody else. */
export function SessionProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const me = useQuery({ queryKey: ["me"], queryFn: () => read(api.GET("/api/v1/me")) });
  const session = useMemo<Session | null>(
    () =>
      me.data
        ? {
            me: me.data,
            isOperator: me.data.role === "operator",
            signOut: async () => {
              await run(api.DELETE("/api/v1/me/session"));
              // Nothing of who was signed in stays for who comes next.
              queries.clear();
              location.reload();
            },
          }
        : null,
    [me.data, queries],
  );
  // A session that has ended shows nothing of what was read before.
  if (me.error instanceof ApiError && me.error.status === 401 && !IS_MINI_APP) {
    return (
      <Suspense>
        <SignIn />
      </Suspense>
    );
  }
  if (session) return <Context value={session}>{children}</Context>;
  if (me.error) return <Failed error={me.error} retry={me.refetch} />;
  return <WaitingFrame />;
}

/** Return who has signed in. */
export function useSession(): Session {
  const session = useContext(Context);
  if (session === null) throw new Error("no SessionProvider above");
  return session;
}
