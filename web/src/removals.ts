import { useSyncExternalStore } from "react";

const UNDO_MS = 10_000;
const waiting = new Map<string, () => void>();
let hidden: ReadonlySet<string> = new Set();
const listeners = new Set<() => void>();

/** Return what is being removed: pages show it no more. */
export function useRemoved(): ReadonlySet<string> {
  return useSyncExternalStore(subscribe, () => hidden);
}

/** Remove something at the end of the time in which it may be undone, or when the window closes.
 *
 * @param key What.
 * @param remove Removes it, and reads again what showed it.
 * @param failed Says that it could not be removed.
 * @returns What undoes it.
 */
export function removeLater(
  key: string,
  remove: () => Promise<unknown>,
  failed: (error: Error) => void,
): () => void {
  const timer = setTimeout(() => finish(), UNDO_MS);
  const finish = () => {
    if (!forget(key, timer)) return;
    remove()
      .catch(failed)
      .finally(() => show(key));
  };
  waiting.set(key, finish);
  hidden = new Set([...hidden, key]);
  announce();
  return () => {
    if (forget(key, timer)) show(key);
  };
}

function forget(key: string, timer: ReturnType<typeof setTimeout>): boolean {
  clearTimeout(timer);
  return waiting.delete(key);
}

function show(key: string): void {
  hidden = new Set([...hidden].filter((one) => one !== key));
  announce();
}

function announce(): void {
  for (const changed of listeners) changed();
}

function subscribe(changed: () => void): () => void {
  listeners.add(changed);
  return () => listeners.delete(changed);
}

// Who closes the window has not undone it.
globalThis.addEventListener?.("pagehide", () => {
  for (const finish of [...waiting.values()]) finish();
});
