import type { Catalogue } from "../en";
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

/** All words of the pages in German. */
export const de: Catalogue = {
  ...common,
  ...signIn,
  ...home,
  ...watches,
  ...product,
  ...messages,
  ...operations,
  ...settings,
  ...shared,
  ...deals,
  ...discovery,
  ...rules,
  ...priceTypes,
};
