import type { PriceType } from "../../api/client";

/** Keepa's prices, those that most ask for first; the texts name each. */
const ALL: Record<PriceType, true> = {
  NEW: true,
  AMAZON: true,
  BUY_BOX_SHIPPING: true,
  USED: true,
  WAREHOUSE: true,
  REFURBISHED: true,
  NEW_FBA: true,
  NEW_FBM_SHIPPING: true,
  LIGHTNING_DEAL: true,
  PRIME_EXCL: true,
  BUY_BOX_USED_SHIPPING: true,
  USED_NEW_SHIPPING: true,
  USED_VERY_GOOD_SHIPPING: true,
  USED_GOOD_SHIPPING: true,
  USED_ACCEPTABLE_SHIPPING: true,
  REFURBISHED_SHIPPING: true,
  COLLECTIBLE: true,
  COLLECTIBLE_NEW_SHIPPING: true,
  COLLECTIBLE_VERY_GOOD_SHIPPING: true,
  COLLECTIBLE_GOOD_SHIPPING: true,
  COLLECTIBLE_ACCEPTABLE_SHIPPING: true,
  LISTPRICE: true,
  EBAY_NEW_SHIPPING: true,
  EBAY_USED_SHIPPING: true,
  TRADE_IN: true,
  RENT: true,
};
export const PRICE_TYPES = Object.keys(ALL) as PriceType[];

/** Return whether an address names a price that there is. */
export function isPriceType(name: string | null): name is PriceType {
  return name !== null && Object.hasOwn(ALL, name);
}

/** Return whether a price type comes with shipping apart, so that it can be added. */
export function hasShippingApart(priceType: string): boolean {
  return priceType.endsWith("_SHIPPING");
}
