export const product = {
  "product.watch": "Watch",
  "product.edit": "Edit alert",
  "product.open": "Open on {site}",
  "product.history": "Price history",
  "product.noHistory": "No price is known yet. The next check brings the first.",
  "product.cheaper": "cheaper than on {dearer} of the last {days} days",
  "product.dearest": "cheaper on none of the last {days} days",
  "product.lowestSince": "the lowest since {day}",
  "product.average": "on average {amount} in 90 days",
  "product.unknown": "Too little history to say whether this is good.",
  "product.range": "Range",
} as const;
