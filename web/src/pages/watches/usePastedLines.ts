import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, read } from "../../api/client";
import { useDelayed } from "../../useDelayed";
import { linesOf, MOST_LINES, type PastedLine, withoutTwice } from "./addresses";

interface Pasted {
  lines: PastedLine[];
  isTooMany: boolean;
}

/** Return what pasted lines mean, as the API reads them; asked once the typing pauses. */
export function usePastedLines(text: string): Pasted {
  const lines = useMemo(() => [...new Set(linesOf(text))], [text]);
  const asked = useDelayed(lines);
  const isTooMany = lines.length > MOST_LINES;
  const { data } = useQuery({
    queryKey: ["addresses", asked],
    queryFn: async () => {
      const { results } = await read(
        api.POST("/api/v1/watches:check", { body: { products: asked } }),
      );
      return new Map(asked.map((line, place) => [line, results[place] ?? null]));
    },
    enabled: asked.length > 0 && asked.length <= MOST_LINES,
    placeholderData: (former) => former,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return useMemo(() => {
    const read = lines.map((line) => ({ text: line, read: data?.get(line) ?? null }));
    return { lines: withoutTwice(read), isTooMany };
  }, [lines, data, isTooMany]);
}
