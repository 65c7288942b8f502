import { expect, test } from "vitest";
import type { Watch } from "../../api/client";
import { draftOf } from "./draft";

const BEGUN = { ...draftOf(undefined, "NEW"), target: "60", tags: "desk" };
const WATCH = { target: null, rules: [], tags: ["own"], status: "ACTIVE" } as unknown as Watch;

test("what was typed goes along to another type of price that nobody watches", () => {
  expect(draftOf(undefined, "USED", BEGUN)).toEqual({ ...BEGUN, priceType: "USED" });
});

test("a watch's own form shows what the watch is", () => {
  expect(draftOf(WATCH, "USED", BEGUN)).toMatchObject({ target: "", tags: "own" });
});
