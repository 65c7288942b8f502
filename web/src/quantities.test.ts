import { expect, test } from "vitest";
import { countedText, numberText } from "./format";
import { bytesText, durationText, fromBase64, hexLines } from "./quantities";

test("numbers are written as the language writes them", () => {
  expect(numberText(60000, "en")).toBe("60,000");
  expect(numberText(60000, "de")).toBe("60.000");
});

test("a list is as long as was counted, and longer where counting ended", () => {
  expect(countedText(312, "en")).toEqual({ counted: "312", isMore: false });
  expect(countedText(10_000, "de")).toEqual({ counted: "10.000", isMore: false });
  expect(countedText(10_001, "en")).toEqual({ counted: "10,000", isMore: true });
});

test("sizes have the largest unit that fits", () => {
  expect(bytesText(8, "en")).toBe("8 B");
  expect(bytesText(24_633_344, "en")).toBe("24.6 MB");
  expect(bytesText(24_633_344, "de")).toBe("24,6 MB");
});

test("durations have two units at most", () => {
  expect(durationText(4.24, "en")).toBe("4.2 s");
  expect(durationText(132.77, "en")).toBe("2 min 13 s");
  expect(durationText(59.99, "en")).toBe("60 s");
  expect(durationText(120, "en")).toBe("2 min");
  expect(durationText(3840, "en")).toBe("1 h 4 min");
});

test("bytes are shown sixteen a line, and as text what is text", () => {
  const bytes = fromBase64(btoa('{"asin": "B00EXAMPL0"}\u00ff'));
  expect(hexLines(bytes)).toEqual([
    '00000000  7b 22 61 73 69 6e 22 3a 20 22 42 30 30 45 58 41  {"asin": "B00EXA',
    `00000010  4d 50 4c 30 22 7d ff${" ".repeat(27)}  MPL0"}.`,
  ]);
  expect(hexLines(new Uint8Array())).toEqual([]);
});
