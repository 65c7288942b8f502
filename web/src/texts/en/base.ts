import { common } from "./common";
import { priceTypes } from "./priceTypes";
import { product } from "./product";
import { signIn } from "./signIn";

/** The words in English of the frame and of a product's page. */
export const base = {
  ...common,
  ...signIn,
  ...product,
  ...priceTypes,
};
