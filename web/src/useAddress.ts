import { useCallback } from "react";
import { useSearchParams } from "wouter";

type Changes = Readonly<Record<string, string | null>>;

interface Address {
  /** What the address says of something; the empty text if it says nothing. */
  said: (name: string) => string;
  /** Say something else; null says it no more. The list begins at its first page again. */
  say: (changes: Changes, how?: { replace?: boolean }) => void;
}

/** Return what the page's address says it shows: so that back and links lead to what was seen. */
export function useAddress(): Address {
  const [params, setParams] = useSearchParams();
  const said = useCallback((name: string) => params.get(name) ?? "", [params]);
  const say = useCallback(
    (changes: Changes, how?: { replace?: boolean }) =>
      setParams((former) => {
        const next = new URLSearchParams(former);
        // A page's cursor belongs to its order and filters.
        next.delete("cursor");
        next.delete("page");
        for (const [name, value] of Object.entries(changes)) {
          if (value) next.set(name, value);
          else next.delete(name);
        }
        return next;
      }, how ?? {}),
    [setParams],
  );
  return { said, say };
}
