import { useCallback, useMemo, useState } from "react";

export interface Chosen<K> {
  keys: readonly K[];
  has: (key: K) => boolean;
  toggle: (key: K) => void;
  /** Choose these, or none. */
  set: (keys: readonly K[]) => void;
}

/** Return which rows of a list are chosen. One that is no longer shown is chosen no more. */
export function useChosen<K>(shown: readonly K[]): Chosen<K> {
  const [chosen, setChosen] = useState<ReadonlySet<K>>(new Set());
  const toggle = useCallback(
    (key: K) =>
      setChosen((former) => {
        const next = new Set(former);
        if (!next.delete(key)) next.add(key);
        return next;
      }),
    [],
  );
  const set = useCallback((keys: readonly K[]) => setChosen(new Set(keys)), []);
  return useMemo(() => {
    const keys = shown.filter((key) => chosen.has(key));
    return { keys, has: (key: K) => chosen.has(key), toggle, set };
  }, [shown, chosen, toggle, set]);
}
