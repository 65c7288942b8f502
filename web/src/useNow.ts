import { useSyncExternalStore } from "react";

const TICK_MS = 30_000;
let now = new Date();

/** Return the time, which moves on by half minutes while something shows it. */
export function useNow(): Date {
  return useSyncExternalStore(subscribe, () => now);
}

function subscribe(changed: () => void): () => void {
  now = new Date();
  const timer = setInterval(() => {
    now = new Date();
    changed();
  }, TICK_MS);
  return () => clearInterval(timer);
}
