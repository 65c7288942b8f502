import { common } from "./common";
import { deals } from "./deals";
import { discovery } from "./discovery";
import { home } from "./home";
import { product } from "./product";
import { signIn } from "./signIn";
import { watches } from "./watches";

/** All words of the pages in English. `{name}` stands for a value. */
export const en = { ...common, ...signIn, ...home, ...watches, ...product, ...deals, ...discovery };

export type TextKey = keyof typeof en;
export type Catalogue = Record<TextKey, string>;
