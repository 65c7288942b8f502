import { common } from "./common";
import { home } from "./home";
import { priceTypes } from "./priceTypes";
import { product } from "./product";
import { signIn } from "./signIn";
import { watches } from "./watches";

/** The words in English of what everybody opens first: home, watches, products. */
export const base = {
  ...common,
  ...signIn,
  ...home,
  ...watches,
  ...product,
  ...priceTypes,
};
