type Kind = "good" | "warn" | "bad" | "muted";

const SIGNS: Record<Kind, string> = { good: "✓", warn: "!", bad: "✕", muted: "·" };

/** How something is: a word, a sign before it, and a colour that says the same again. */
export function State({ kind, says }: { kind: Kind; says: string }) {
  return (
    <span className={kind}>
      <span aria-hidden="true">{SIGNS[kind]} </span>
      {says}
    </span>
  );
}

export type StateKind = Kind;
