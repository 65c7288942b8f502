import type { Catalogue } from "../en";
import { common } from "./common";
import { home } from "./home";
import { priceTypes } from "./priceTypes";
import { product } from "./product";
import { rules } from "./rules";
import { signIn } from "./signIn";
import { watches } from "./watches";

/** All words of the pages in German. */
export const de: Catalogue = {
  ...common,
  ...signIn,
  ...home,
  ...watches,
  ...product,
  ...rules,
  ...priceTypes,
};
