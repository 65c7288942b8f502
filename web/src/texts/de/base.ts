import type { base as en } from "../en/base";
import { common } from "./common";
import { home } from "./home";
import { priceTypes } from "./priceTypes";
import { product } from "./product";
import { signIn } from "./signIn";
import { watches } from "./watches";

/** The words in German of what everybody opens first: home, watches, products. */
export const base: Record<keyof typeof en, string> = {
  ...common,
  ...signIn,
  ...home,
  ...watches,
  ...product,
  ...priceTypes,
};
