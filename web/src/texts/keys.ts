import type { base } from "./en/base";
import type { lists } from "./en/lists";
import type { rules } from "./en/rules";
import type { work } from "./en/work";

/** What a text is called; `{name}` in it stands for a value. */
export type TextKey = keyof (typeof base & typeof lists & typeof rules & typeof work);
