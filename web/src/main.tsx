import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { ApiError } from "./api/client";
import { TextsProvider } from "./texts/texts";
import "./design/tokens.css";
import "./design/base.css";

const AGAIN_MS = 4_000;
const FRESH_MS = 30_000;
const RELOADED = "keeper.reloaded";
const ONCE_MS = 60_000;

const queries = new QueryClient({
  queryCache: new QueryCache({
    // Whoever's session has ended is asked who they are, and led to sign in.
    onError: (error, { queryKey }) => {
      if (error instanceof ApiError && error.status === 401 && queryKey[0] !== "me") {
        queries.invalidateQueries({ queryKey: ["me"] });
      }
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: FRESH_MS,
      // What will not get better by itself is said at once; a console that starts is waited for.
      retry: (failures, error) => error instanceof ApiError && error.passes && failures < 2,
      refetchInterval: (query) =>
        query.state.error instanceof ApiError && query.state.error.passes ? AGAIN_MS : false,
    },
  },
});

// Under Airflow the pages are in a frame, and nobody opens them without a network.
if (import.meta.env.PROD && window.parent === window) {
  navigator.serviceWorker?.register("./sw.js", { scope: "./" }).catch(() => undefined);
}

// After an upgrade the files of the version that is open are gone: the new one is loaded, once.
addEventListener("vite:preloadError", (event) => {
  const at = Number(sessionStorage.getItem(RELOADED) ?? 0);
  if (!navigator.onLine || Date.now() - at < ONCE_MS) return;
  event.preventDefault();
  sessionStorage.setItem(RELOADED, String(Date.now()));
  location.reload();
});

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <TextsProvider>
        <App />
      </TextsProvider>
    </QueryClientProvider>
  </StrictMode>,
);
