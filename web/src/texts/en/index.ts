import { common } from "./common";
import { home } from "./home";
import { priceTypes } from "./priceTypes";
import { product } from "./product";
import { rules } from "./rules";
import { signIn } from "./signIn";
import { watches } from "./watches";

/** All words of the pages in English. `{name}` stands for a value. */
export const en = {
  ...common,
  ...signIn,
  ...home,
  ...watches,
  ...product,
  ...rules,
  ...priceTypes,
};

export type TextKey = keyof typeof en;
export type Catalogue = Record<TextKey, string>;
