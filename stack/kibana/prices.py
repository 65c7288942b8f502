"""The dashboard Prices."""

from typing import Final

from keeper.stores.elasticsearch.price_index import PRICES_ALIAS
from stack.kibana.aggregations import by, count, median, of, over_time
from stack.kibana.charts import bars, lines, note, numbers, pie, table
from stack.kibana.saved_objects import Dashboard, DataView, SavedSearch

PRICES: Final = DataView(PRICES_ALIAS, "Keeper: prices", "timestamp")
_PRODUCT: Final = ("product_title", "asin", "domain", "price_type")

NEWEST_PRICES: Final = SavedSearch(
    "keeper-newest-prices",
    "Keeper: newest prices",
    "Price points, those Keepa saw last first.",
    PRICES,
    (*_PRODUCT, "price", "price_change", "in_stock", "currency", "source"),
    sort="timestamp",
)
SOLD_OUT: Final = SavedSearch(
    "keeper-sold-out",
    "Keeper: sold out",
    "Since when there was no offer of a price type.",
    PRICES,
    (*_PRODUCT, "previous_price", "currency", "source"),
    sort="timestamp",
    query="in_stock:false",
)
DROPS: Final = SavedSearch(
    "keeper-price-drops",
    "Keeper: price drops",
    "Price points that are cheaper than the one before, the latest first.",
    PRICES,
    (*_PRODUCT, "price", "previous_price", "price_change", "currency", "source"),
    sort="timestamp",
    query="price_change:<0",
)
DASHBOARD: Final = Dashboard(
    "keeper-prices-dashboard",
    "Keeper: Prices",
    "What changed of the watched products' prices.",
    PRICES,
    (
        (
            6,
            (
                note(
                    "keeper-prices-about",
                    "About prices",
                    "A document is a price point: from `timestamp` on the product had this price, "
                    "in the locale's currency. Amounts are comparable within one currency only.",
                ),
                numbers(
                    "keeper-prices-numbers",
                    "Changes and products",
                    PRICES,
                    count("Price points"),
                    of("cardinality", "asin", "Products"),
                    of("max", "checked_at", "Latest check"),
                ),
            ),
        ),
        (
            12,
            (
                bars(
                    "keeper-prices-changes",
                    "Price points by day and locale",
                    PRICES,
                    count("Price points"),
                    over_time("timestamp"),
                    by("domain", "Locale"),
                ),
                lines(
                    "keeper-prices-median",
                    "Median price by day and currency",
                    PRICES,
                    median("price", "Median price"),
                    over_time("timestamp"),
                    by("currency", "Currency", order_by=None),
                    query="in_stock:true",
                ),
            ),
        ),
        (
            12,
            (
                bars(
                    "keeper-prices-sold-out",
                    "Sold out, by day and locale",
                    PRICES,
                    count("Ended offers"),
                    over_time("timestamp"),
                    by("domain", "Locale"),
                    query="in_stock:false",
                ),
                pie(
                    "keeper-prices-types",
                    "Price types",
                    PRICES,
                    count("Price points"),
                    by("price_type", "Price type", schema="segment"),
                ),
                pie(
                    "keeper-prices-sources",
                    "Source of the prices",
                    PRICES,
                    count("Price points"),
                    by("source", "Source", schema="segment"),
                ),
            ),
        ),
        (
            14,
            (
                table(
                    "keeper-prices-products",
                    "Products whose price changed most often",
                    PRICES,
                    count("Price points"),
                    of("min", "price", "Lowest"),
                    of("avg", "price", "Average"),
                    of("max", "price", "Highest"),
                    by("asin", "ASIN", schema="bucket", size=50),
                    by("currency", "Currency", schema="bucket", size=5),
                ),
            ),
        ),
        (16, (NEWEST_PRICES,)),
        (16, (DROPS, SOLD_OUT)),
    ),
    controls={
        "domain": "Locale",
        "asin": "ASIN",
        "price_type": "Price type",
        "source": "Source",
    },
)
