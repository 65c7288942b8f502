import { useEffect, useState } from "react";

const PAUSE_MS = 250;

/** Return a value once it has stayed the same for a moment: who types is not asked for at each key. */
export function useDelayed<T>(value: T): T {
  const [kept, setKept] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setKept(value), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return kept;
}
