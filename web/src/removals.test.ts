import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { removeLater } from "./removals";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("what nobody undoes is removed once, after ten seconds", () => {
  const remove = vi.fn(async () => undefined);
  removeLater("one", remove, () => undefined);
  vi.advanceTimersByTime(9_999);
  expect(remove).not.toHaveBeenCalled();
  vi.advanceTimersByTime(60_000);
  expect(remove).toHaveBeenCalledOnce();
});

test("what is undone stays", () => {
  const remove = vi.fn(async () => undefined);
  const undo = removeLater("two", remove, () => undefined);
  vi.advanceTimersByTime(5_000);
  undo();
  vi.advanceTimersByTime(60_000);
  expect(remove).not.toHaveBeenCalled();
});

test("what cannot be removed is said", async () => {
  const failed = vi.fn();
  const remove = () => Promise.reject(new Error("gone away"));
  removeLater("three", remove, failed);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(failed).toHaveBeenCalledWith(new Error("gone away"));
});
