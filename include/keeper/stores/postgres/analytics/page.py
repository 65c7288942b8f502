"""docs/ANALYTICS.md, made from the heads of sql/analytics/ by `make analytics`."""

import sys
from pathlib import Path
from typing import Final

from keeper.stores.postgres.analytics.views import Analysis, analyses

_INTRODUCTION: Final = """\
# Analytics in SQL

<!-- Made by `make analytics` from the heads of sql/analytics/; change those. -->

The schema `analytics` has views and functions for anybody who knows a product's ASIN and a locale.
`keeper migrate` installs them and replaces them when they change. What you add beside them stays.

Prices are integers in the currency's minor unit (cents; yen have none) and include shipping where
Keepa gives it. Null means that there was no offer. Days are in UTC. Averages are weighted by time:
a price that held for a month weighs thirty times one that held for a day. A price far outside a
product's own range counts only once it is confirmed. Price types are Keepa's: `NEW`, `AMAZON`,
`USED`, `BUY_BOX_SHIPPING` …

Functions take ASINs, locales and price types in any letters, and refuse what cannot be one. Tables
and views hold them as `B0EXAMPLE1`, `de` and `NEW`; there `domain = 'DE'` finds nothing, and
`domain = analytics.locale('DE')` finds it. `main_units(landed_minor, 'EUR')` writes an amount as
people do: 24.99, and whole yen.

Keepa's `NEW`, `USED`, `COLLECTIBLE` and `REFURBISHED` were prices without shipping and include it
since February 2026, in the same series. Averages, lows, percentiles and all else that compares
prices of these types look back no further than 2026-02-23. A price that held at that moment may
leave shipping out: it counts, from then on, only if it went on for 30 days, for Keepa has seen it
again by then. Until there is a price that counts, figures are null or have no row. `at` before that
day compares prices without shipping. `price_history`, `price_spans` and `daily_prices` have all
prices as Keepa had them.

Series that come with Keepa's offers are renewed only when Keepa collects offers; `seen_at` of
`current_prices` says when. Time between two looks counts as the price seen before.

Functions of one product read only its own points, by index. Functions over all products read
current prices (`price_series`), the daily roll-ups (`price_days`) and last night's averages
(`price_statistics`). The DAG `maintain_storage` updates the latter two every night, and
`keeper storage roll-up` at any time. What is newer than these is computed from its points as the
query runs, which takes longer.

On 20 million points of 10,000 series, warm, on two shared cores (`make bench`), the functions of
one product answered within 5.3 ms at the 95th percentile, and the slowest of the dashboards'
queries, how much prices moved this week, within 187 ms.

Beside them are the views `price_history`, with one row for each change, and `current_prices`; both
have a column `price` beside `price_minor`.

"""


def page() -> str:
    """Return the page."""
    every = sorted(analyses(), key=lambda analysis: analysis.name)
    contents = "\n".join(
        f"| [{analysis.name}](#{_anchor(analysis)}) | {analysis.summary} |" for analysis in every
    )
    table = f"| | |\n|---|---|\n{contents}\n"
    return _INTRODUCTION + table + "".join(map(_section, every))


def _section(analysis: Analysis) -> str:
    name, parameters = analysis.name, analysis.parameters
    signature = f"```sql\n{name}({parameters})\n```\n\n" if parameters else ""
    text = f" {analysis.text}" if analysis.text else ""
    example = "\n".join(line.strip() for line in analysis.example.splitlines())
    return (
        f"\n## {name}\n\n{signature}{analysis.summary}{text}\n\n"
        f"Columns: {analysis.columns}\n\n```sql\n{example}\n```\n"
    )


def _anchor(analysis: Analysis) -> str:
    return analysis.name.replace(".", "")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), "utf-8")
