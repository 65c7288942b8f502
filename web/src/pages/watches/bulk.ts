import type { Schema, Watch } from "../../api/client";

export type WatchStatus = Schema["WatchStatus"];
type Patch = Schema["WatchPatch"];

export interface Bulk {
  ids: number[];
  changes: Patch;
}

const NOTHING: Patch = { add_tags: [], remove_tags: [] };

/** Return the change that gives watches a state: paused, watched again, removed. */
export function stateChange(watches: readonly Watch[], status: WatchStatus): Bulk {
  return { ids: watches.map(({ id }) => id), changes: { ...NOTHING, status } };
}

/** Return the changes that give watches their present states back. */
export function formerStates(watches: readonly Watch[]): Bulk[] {
  const states = new Set(watches.map(({ status }) => status));
  return [...states].map((status) =>
    stateChange(
      watches.filter((watch) => watch.status === status),
      status,
    ),
  );
}

/** Return the change that gives a tag to those of the watches that lack it; null if none does. */
export function tagChange(watches: readonly Watch[], tag: string): Bulk | null {
  const lacking = watches.filter(({ tags }) => !tags.includes(tag.toLowerCase()));
  if (lacking.length === 0) return null;
  return { ids: lacking.map(({ id }) => id), changes: { ...NOTHING, add_tags: [tag] } };
}

/** Return what of changes is about some watches. */
export function onlyOf(changes: readonly Bulk[], ids: ReadonlySet<number>): Bulk[] {
  return changes
    .map((one) => ({ ...one, ids: one.ids.filter((id) => ids.has(id)) }))
    .filter((one) => one.ids.length > 0);
}

/** Return the change that takes the tags of another away again. */
export function withoutTags({ ids, changes }: Bulk): Bulk {
  return { ids, changes: { ...NOTHING, remove_tags: changes.add_tags ?? [] } };
}
