import { common } from "./common";
import { deals } from "./deals";
import { discovery } from "./discovery";
import { home } from "./home";
import { messages } from "./messages";
import { operations } from "./operations";
import { priceTypes } from "./priceTypes";
import { product } from "./product";
import { rules } from "./rules";
import { settings } from "./settings";
import { shared } from "./shared";
import { signIn } from "./signIn";
import { watches } from "./watches";

/** All words of the pages in English. `{name}` stands for a value. */
export const en = {
  ...common,
  ...signIn,
  ...home,
  ...watches,
  ...product,
  ...deals,
  ...discovery,
  ...messages,
  ...operations,
  ...settings,
  ...shared,
  ...rules,
  ...priceTypes,
};

export type TextKey = keyof typeof en;
export type Catalogue = Record<TextKey, string>;
