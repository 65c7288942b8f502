"""The dashboard Deals."""

from typing import Final

from keeper.stores.elasticsearch.deal_index import DEALS_ALIAS
from stack.kibana.aggregations import by, count, in_steps, of, over_time
from stack.kibana.charts import bars, note, numbers, pie, table
from stack.kibana.saved_objects import Dashboard, DataView, SavedSearch

DEALS: Final = DataView(DEALS_ALIAS, "Keeper: deals", "timestamp")

BEST_DEALS: Final = SavedSearch(
    "keeper-best-deals",
    "Keeper: best deals",
    "Deals with a score of 60 or more, the best first.",
    DEALS,
    (
        *("score", "product_title", "asin", "domain", "price", "original_price", "currency"),
        *("discount_percent", "rating", "filter", "reasons", "source"),
    ),
    sort="score",
    query="score:>=60",
)
BACK_IN_STOCK: Final = SavedSearch(
    "keeper-deals-back-in-stock",
    "Keeper: deals back in stock",
    "Deals of products that had been sold out.",
    DEALS,
    ("product_title", "asin", "domain", "price", "currency", "score", "filter", "source"),
    sort="timestamp",
    query="back_in_stock:true",
)
DASHBOARD: Final = Dashboard(
    "keeper-deals-dashboard",
    "Keeper: Deals",
    "What the deal filters found, and how good it is.",
    DEALS,
    (
        (
            6,
            (
                note(
                    "keeper-deals-about",
                    "About deals",
                    "A document is a deal that a filter found: a product at a price since "
                    "`timestamp`. The score, 0 to 100, is explained in docs/DEALS.md.",
                ),
                numbers(
                    "keeper-deals-numbers",
                    "Deals",
                    DEALS,
                    count("Deals"),
                    of("cardinality", "asin", "Products"),
                    of("avg", "discount_percent", "Average discount %"),
                    of("max", "score", "Best score"),
                ),
            ),
        ),
        (
            12,
            (
                bars(
                    "keeper-deals-by-day",
                    "Deals by day and filter",
                    DEALS,
                    count("Deals"),
                    over_time("timestamp"),
                    by("filter", "Filter"),
                ),
                bars(
                    "keeper-deals-scores",
                    "Scores",
                    DEALS,
                    count("Deals"),
                    in_steps("score", 10, "Score"),
                    by("domain", "Locale"),
                ),
            ),
        ),
        (
            12,
            (
                bars(
                    "keeper-deals-discounts",
                    "Discounts",
                    DEALS,
                    count("Deals"),
                    in_steps("discount_percent", 10, "Discount %"),
                    by("domain", "Locale"),
                ),
                pie(
                    "keeper-deals-categories",
                    "Root categories",
                    DEALS,
                    count("Deals"),
                    by("root_category", "Keepa's number of the category", schema="segment"),
                ),
                pie(
                    "keeper-deals-sources",
                    "Source of the deals",
                    DEALS,
                    count("Deals"),
                    by("source", "Source", schema="segment"),
                ),
            ),
        ),
        (
            12,
            (
                table(
                    "keeper-deals-filters",
                    "What each filter found",
                    DEALS,
                    count("Deals"),
                    of("avg", "score", "Average score"),
                    of("max", "score", "Best score"),
                    of("avg", "discount_percent", "Average discount %"),
                    of("max", "checked_at", "Last seen"),
                    by("filter", "Filter", schema="bucket", size=50),
                ),
            ),
        ),
        (16, (BEST_DEALS,)),
        (12, (BACK_IN_STOCK,)),
    ),
    controls={"domain": "Locale", "filter": "Filter", "asin": "ASIN", "source": "Source"},
)
