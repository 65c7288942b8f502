import { useState } from "react";

export interface Asked {
  data: unknown;
  error: Error | null;
  isFetched: boolean;
}

/** Return why something could not be read. It stays while it is asked again, until there is an
 * answer: the query itself forgets it meanwhile, and what stands on the page would blink. */
export function useLastError({ data, error, isFetched }: Asked): Error | null {
  const [kept, keep] = useState<Error | null>(null);
  const last = error ?? (data === undefined && isFetched ? kept : null);
  if (last !== kept) keep(last);
  return last;
}
