import { expect, test } from "vitest";
import type { Watch } from "../../api/client";
import { formerStates, onlyOf, stateChange, tagChange, withoutTags } from "./bulk";

const watch = (id: number, status: Watch["status"], tags: string[] = []) =>
  ({ id, status, tags }) as unknown as Watch;
const WATCHES = [watch(1, "ACTIVE", ["desk"]), watch(2, "PAUSED"), watch(3, "ACTIVE")];

test("what is removed together gets back the state each had", () => {
  expect(stateChange(WATCHES, "INACTIVE").ids).toEqual([1, 2, 3]);
  const undone = formerStates(WATCHES).map(({ ids, changes }) => [ids, changes.status]);
  expect(undone).toEqual([
    [[1, 3], "ACTIVE"],
    [[2], "PAUSED"],
  ]);
});

test("a tag is taken back only from those that lacked it", () => {
  const change = tagChange(WATCHES, "Desk");
  expect(change).toMatchObject({ ids: [2, 3], changes: { add_tags: ["Desk"] } });
  expect(change && withoutTags(change)).toMatchObject({
    ids: [2, 3],
    changes: { add_tags: [], remove_tags: ["Desk"] },
  });
  expect(tagChange(WATCHES.slice(0, 1), "desk")).toBeNull();
});

test("after a failure in part only what changed is given back", () => {
  const back = onlyOf(formerStates(WATCHES), new Set([3])).map(({ ids, changes }) => [
    ids,
    changes.status,
  ]);
  expect(back).toEqual([[[3], "ACTIVE"]]);
});
