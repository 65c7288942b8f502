import type { base } from "./en/base";
import type { rules } from "./en/rules";
import type { work } from "./en/work";

/** What a text is called; `{name}` in it stands for a value. */
export type TextKey = keyof typeof base | keyof typeof rules | keyof typeof work;
