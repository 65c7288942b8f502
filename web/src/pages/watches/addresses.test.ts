import { expect, test } from "vitest";
import { linesOf, newWatch, type PastedLine, textLeft, withoutTwice } from "./addresses";

const line = (text: string, asin: string | null, domain = "de"): PastedLine => ({
  text,
  read: {
    asin,
    domain: asin && domain,
    url: null,
    is_locale_assumed: false,
    note: null,
    problem: asin ? null : "no product",
  },
});

test("empty lines say nothing", () => {
  expect(linesOf(" a \n\n\tb\r\n")).toEqual(["a", "b"]);
});

test("a product counts once, at each of Amazon's sites", () => {
  const lines = [line("1", "B0"), line("2", null), line("3", "B0"), line("4", "B0", "us")];
  expect(withoutTwice(lines).map(({ text }) => text)).toEqual(["1", "2", "4"]);
});

test("a line's own target counts before the common one", () => {
  expect(newWatch(line("1", "B0"), " 5 ", "9")).toEqual({
    product: "1",
    domain: "de",
    target: "5",
  });
  expect(newWatch(line("1", "B0"), "", "9").target).toBe("9");
  expect(newWatch(line("1", "B0"), "", " ")).not.toHaveProperty("target");
});

test("what was saved leaves the box, the rest stays in its order", () => {
  const lines = [line("a", "A"), line("b", "B"), line("c", null)];
  expect(textLeft(lines, new Set(["b"]))).toBe("a\nc");
  expect(textLeft(lines, new Set(["a", "b", "c"]))).toBe("");
});
