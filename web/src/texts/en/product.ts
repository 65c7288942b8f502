export const product = {
  "product.watch": "Watch",
  "product.edit": "Edit alert",
  "product.open": "Open on {site}",
  "product.history": "Price history",
  "product.noHistory": "No price is known yet. The next check brings the first.",
  "product.cheaper": "cheaper than on {dearer} of {days} days with an offer",
  "product.dearest": "cheaper on none of {days} days with an offer",
  "product.lowestSince": "the lowest since {day}",
  "product.average": "on average {amount} in 90 days",
  "product.unknown": "Too little history to say whether this is good.",
  "product.range": "Range",
} as const;
