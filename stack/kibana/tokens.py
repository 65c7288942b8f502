"""The dashboard Tokens."""

from typing import Final

from keeper.stores.elasticsearch.record_index import TOKENS_ALIAS
from stack.kibana.aggregations import by, count, of, over_time
from stack.kibana.charts import bars, lines, note, numbers, pie, table
from stack.kibana.saved_objects import Dashboard, DataView, SavedSearch

TOKENS: Final = DataView(TOKENS_ALIAS, "Keeper: requests to Keepa", "requested_at")

REFUSED_REQUESTS: Final = SavedSearch(
    "keeper-refused-requests",
    "Keeper: refused and unanswered requests",
    "Requests that Keepa refused, or whose answer never came so that it may have charged them.",
    TOKENS,
    (
        *("state", "endpoint", "domain", "products", "tokens_estimated", "tokens_charged"),
        *("tokens_left", "run_id", "account", "source"),
    ),
    sort="requested_at",
    query="state:(REFUSED OR UNKNOWN)",
)
SPENT_ELSEWHERE: Final = SavedSearch(
    "keeper-tokens-elsewhere",
    "Keeper: tokens spent by others",
    "Requests after which the balance was lower than Keeper's own counting: another program uses "
    "the key.",
    TOKENS,
    (
        *("tokens_elsewhere", "tokens_expected", "tokens_left", "endpoint", "run_id", "account"),
        "source",
    ),
    sort="requested_at",
    query="tokens_elsewhere:>0",
)
DASHBOARD: Final = Dashboard(
    "keeper-tokens-dashboard",
    "Keeper: Tokens",
    "What Keepa's tokens went to, and how many were left.",
    TOKENS,
    (
        (
            6,
            (
                note(
                    "keeper-tokens-about",
                    "About tokens",
                    "A document is a request to Keepa: a row of `token_ledger`, copied every half "
                    "hour. `state` UNKNOWN: no answer came, Keepa may have charged the estimate.",
                ),
                numbers(
                    "keeper-tokens-numbers",
                    "Tokens and requests",
                    TOKENS,
                    of("sum", "tokens_charged", "Tokens charged"),
                    count("Requests"),
                    of("sum", "products", "Products asked for"),
                    of("sum", "tokens_elsewhere", "Tokens spent by others"),
                ),
            ),
        ),
        (
            12,
            (
                bars(
                    "keeper-tokens-charged",
                    "Tokens by hour and endpoint",
                    TOKENS,
                    of("sum", "tokens_charged", "Tokens charged"),
                    over_time("requested_at", "h"),
                    by("endpoint", "Endpoint"),
                ),
                lines(
                    "keeper-tokens-left",
                    "Lowest balance by hour",
                    TOKENS,
                    of("min", "tokens_left", "Tokens left"),
                    over_time("requested_at", "h"),
                    by("account", "Account"),
                ),
            ),
        ),
        (
            12,
            (
                bars(
                    "keeper-tokens-states",
                    "Requests by hour and how they ended",
                    TOKENS,
                    count("Requests"),
                    over_time("requested_at", "h"),
                    by("state", "State"),
                ),
                bars(
                    "keeper-tokens-dags",
                    "Tokens by day and pipeline",
                    TOKENS,
                    of("sum", "tokens_charged", "Tokens charged"),
                    over_time("requested_at"),
                    by("dag_id", "Pipeline"),
                ),
                pie(
                    "keeper-tokens-sources",
                    "Who was asked",
                    TOKENS,
                    count("Requests"),
                    by("source", "Source", schema="segment"),
                ),
            ),
        ),
        (
            12,
            (
                table(
                    "keeper-tokens-endpoints",
                    "What each endpoint cost",
                    TOKENS,
                    of("sum", "tokens_charged", "Tokens charged"),
                    of("sum", "tokens_estimated", "Tokens estimated"),
                    count("Requests"),
                    of("sum", "products", "Products"),
                    of("avg", "seconds", "Average seconds"),
                    by("endpoint", "Endpoint", schema="bucket", size=20),
                    by("state", "State", schema="bucket", size=5, order_by=3),
                ),
            ),
        ),
        (14, (REFUSED_REQUESTS, SPENT_ELSEWHERE)),
    ),
    controls={"endpoint": "Endpoint", "dag_id": "Pipeline", "state": "State", "source": "Source"},
    since="now-7d",
)
