import type { base as en } from "../en/base";
import { common } from "./common";
import { priceTypes } from "./priceTypes";
import { product } from "./product";
import { signIn } from "./signIn";

/** The words in German of the frame and of a product's page. */
export const base: Record<keyof typeof en, string> = {
  ...common,
  ...signIn,
  ...product,
  ...priceTypes,
};
