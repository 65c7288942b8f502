"""docs/ANALYTICS.md, made from the heads of sql/analytics/ by `make analytics`."""

import sys
from pathlib import Path
from typing import Final

from keeper.stores.postgres.analytics.views import Analysis, analyses

_INTRODUCTION: Final = """\
# Analytics in SQL

<!-- Made by `make analytics` from the heads of sql/analytics/; change those. -->

Views and functions in the schema `analytics`, for anybody who knows a product's ASIN and a locale.
`keeper migrate` installs them and replaces them when they change; what you make beside them stays.

Prices are integers in the currency's minor unit (cents; yen have none) and include shipping where
Keepa tells it; null means that there was no offer. Days are in UTC. Averages are weighted by time:
a price that held for a month weighs thirty times one that held for a day. Prices far outside a
product's own range that nothing has confirmed count as not seen. Price types are Keepa's: `NEW`,
`AMAZON`, `USED`, `BUY_BOX_SHIPPING` …

Functions of one product read its own points only, by index. Those over all products read current
prices (`price_series`), the daily roll-ups (`price_days`) and last night's averages
(`price_statistics`); the DAG `maintain_storage`, or `keeper storage roll-up`, keeps these.

On 20 million points of 10,000 series, warm, on two shared cores (`make bench`), the functions of
one product answered within 5.3 ms at the 95th percentile, and the slowest of the dashboards'
queries, how much prices moved this week, within 187 ms.

Beside them are the views `price_history`, a row a change, and `current_prices`.

"""


def page() -> str:
    """Return the page."""
    every = sorted(analyses(), key=lambda one: one.name)
    contents = "\n".join(f"| [{one.name}](#{_anchor(one)}) | {one.summary} |" for one in every)
    table = f"| | |\n|---|---|\n{contents}\n"
    return _INTRODUCTION + table + "".join(map(_section, every))


def _section(one: Analysis) -> str:
    signature = f"```sql\n{one.name}({one.parameters})\n```\n\n" if one.parameters else ""
    text = f" {one.text}" if one.text else ""
    example = "\n".join(line.strip() for line in one.example.splitlines())
    return (
        f"\n## {one.name}\n\n{signature}{one.summary}{text}\n\n"
        f"Gives: {one.columns}\n\n```sql\n{example}\n```\n"
    )


def _anchor(one: Analysis) -> str:
    return one.name.replace(".", "")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), "utf-8")
