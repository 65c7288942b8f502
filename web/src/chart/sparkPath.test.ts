import { expect, test } from "vitest";
import { sparkPath } from "./sparkPath";

const BOX = { width: 100, height: 20 };

test("a price is drawn as steps that hold until the next", () => {
  const series = { times: [0, 50], amounts: [200, 100] };
  expect(sparkPath(series, 0, 100, BOX)).toBe("M0 0H50V20H100");
});

test("no offer is a gap", () => {
  const series = { times: [0, 40, 60], amounts: [200, null, 100] };
  expect(sparkPath(series, 0, 100, BOX)).toBe("M0 0H40M60 20H100");
});

test("what held before begins at the edge", () => {
  const series = { times: [-500, 50], amounts: [100, 200] };
  expect(sparkPath(series, 0, 100, BOX)).toBe("M0 20H50V0H100");
});

test("what ended before the edge is not drawn", () => {
  const series = { times: [-500, -100], amounts: [100, null] };
  expect(sparkPath(series, 0, 100, BOX)).toBe("");
});

test("a price that never changed is a line in the middle", () => {
  expect(sparkPath({ times: [10], amounts: [100] }, 0, 100, BOX)).toBe("M10 10H100");
});

test("nothing is drawn of nothing", () => {
  expect(sparkPath({ times: [], amounts: [] }, 0, 100, BOX)).toBe("");
});
