import type { base } from "./en/base";
import type { work } from "./en/work";

/** What a text is called; `{name}` in it stands for a value. */
export type TextKey = keyof typeof base | keyof typeof work;
