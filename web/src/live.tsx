import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { CONSOLE_PATH } from "./api/client";
import { IS_MINI_APP } from "./telegram";

/** What is read again when something of a kind has changed, by the first word of a query's key. */
const CONCERNS: Record<string, readonly string[]> = {
  product: ["product", "watches", "home"],
  watch: ["watches", "product", "home"],
  alert: ["messages", "home", "product"],
  deal: ["deals", "home"],
};
/** Consoles below other paths of a server have other readers. */
const LEADER = `keeper-live ${CONSOLE_PATH}`;
/** A run changes many prices at once: they are read again together. */
const GATHER_MS = 1_500;
const AGAIN_MS = 10_000;
/** What a page shows that was opened a moment ago was just read. */
const FRESH_MS = 2_000;
const MINI_APP_MS = 60_000;

/** Read again what others change, without a reload. One tab listens for all: browsers hold six
 * connections to a host, and each tab would take one. */
export function LiveUpdates() {
  const queries = useQueryClient();

  useEffect(() => {
    if (IS_MINI_APP) {
      // An event stream cannot carry the token, so that all is read again now and then.
      const timer = setInterval(() => queries.invalidateQueries(), MINI_APP_MS);
      return () => clearInterval(timer);
    }
    const gathered = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const refresh = () => {
      timer = undefined;
      // A tab that nobody sees reads again when it is looked at.
      const options = { refetchType: document.hidden ? "none" : "active" } as const;
      if (gathered.has("reset")) queries.invalidateQueries(options);
      const keys = new Set([...gathered].flatMap((kind) => CONCERNS[kind] ?? []));
      for (const key of keys) queries.invalidateQueries({ queryKey: [key], ...options });
      gathered.clear();
    };
    const onChange = (kind: string) => {
      gathered.add(kind);
      timer ??= setTimeout(refresh, GATHER_MS);
    };
    const onShown = () => {
      if (!document.hidden) queries.refetchQueries({ type: "active", stale: true });
    };
    document.addEventListener("visibilitychange", onShown);
    const tabs = new BroadcastChannel(LEADER);
    tabs.onmessage = (message: MessageEvent<string>) => onChange(message.data);
    const leaving = new AbortController();
    const pass = (kind: string) => {
      onChange(kind);
      tabs.postMessage(kind);
    };
    const lead = () => listen(leaving.signal, pass);
    // Browsers have locks only where the page came by HTTPS or from this machine.
    if (navigator.locks === undefined) lead();
    else {
      navigator.locks
        .request(LEADER, { signal: leaving.signal }, lead)
        // Leaving while another tab leads ends the wait by an error; nothing else can.
        .catch(() => undefined);
    }
    return () => {
      leaving.abort();
      tabs.close();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onShown);
    };
  }, [queries]);
  return null;
}

/** Pass on the kinds of changes until the tab leaves. */
async function listen(leaving: AbortSignal, onChange: (kind: string) => void): Promise<void> {
  while (!leaving.aborted) {
    await follow(leaving, onChange);
    await pause(AGAIN_MS, leaving);
  }
}

/** Follow one stream; EventSource comes again by itself, with its place, until it is refused. Where
 * another tab listened before, or nobody, something may have been missed. */
function follow(leaving: AbortSignal, onChange: (kind: string) => void): Promise<void> {
  return new Promise((resolve) => {
    const events = new EventSource(`${CONSOLE_PATH}/api/v1/events`);
    const end = () => {
      events.close();
      resolve();
    };
    const begun = () => {
      if (performance.now() > FRESH_MS) onChange("reset");
    };
    events.addEventListener("open", begun, { once: true });
    for (const kind of [...Object.keys(CONCERNS), "reset"]) {
      events.addEventListener(kind, () => onChange(kind));
    }
    events.onerror = () => {
      if (events.readyState === EventSource.CLOSED) end();
    };
    leaving.addEventListener("abort", end, { once: true });
  });
}

function pause(milliseconds: number, leaving: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    leaving.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
