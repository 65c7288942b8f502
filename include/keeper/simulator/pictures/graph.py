"""A product's history as the picture that /graphimage gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Final, NamedTuple

from keeper.domain.prices.points import from_keepa_minutes
from keeper.domain.prices.types import price_type_of
from keeper.simulator.products.histories import Entries, History
from keeper.simulator.products.markets import NO_OFFER

_DAY: Final = 1440
_DPI: Final = 100


class Line(NamedTuple):
    """A series that can be drawn.

    Attributes:
        price_type: Its name.
        colour: Six hexadecimal digits, unless the request has others.
        colour_parameter: Where a request has them.
        is_shown: Unless the request says otherwise.
    """

    price_type: str
    colour: str
    colour_parameter: str
    is_shown: bool = False


LINES: Final[Mapping[str, Line]] = {
    "amazon": Line("AMAZON", "FFA500", "cAmazon", is_shown=True),
    "new": Line("NEW", "8888DD", "cNew", is_shown=True),
    "used": Line("USED", "444444", "cUsed"),
    "salesrank": Line("SALES", "3A883A", "cSales"),
    "fba": Line("NEW_FBA", "FF5722", "cFBA"),
    "fbm": Line("NEW_FBM_SHIPPING", "039BE5", "cFBM"),
    "bb": Line("BUY_BOX_SHIPPING", "FF00B4", "cBB"),
    "bbu": Line("BUY_BOX_USED_SHIPPING", "DA66FF", "cBBU"),
    "ld": Line("LIGHTNING_DEAL", "FF0000", "cLD"),
    "wd": Line("WAREHOUSE", "9C27B0", "cWD"),
}
"""By the parameter that switches each on, as Keepa names it; the colours are the simulator's."""


@dataclass(frozen=True, slots=True)
class GraphOptions:
    """How a picture is drawn.

    Attributes:
        width: In pixels.
        height: In pixels.
        days: How far back it reaches.
        lines: What is drawn: six hexadecimal digits by names of `LINES`.
        background: Likewise, behind all.
        minor_digits: Decimal digits of the currency.
        title: Written above, None for no title.
    """

    width: int
    height: int
    days: int
    lines: Mapping[str, str]
    background: str
    minor_digits: int
    title: str | None


def draw_graph(history: History | None, at: int, options: GraphOptions) -> bytes:
    """Draw the chosen series as steps that break off where there is no offer; gives a PNG.

    Args:
        history: All that is known at `at`; None for a product that is not known, whose picture is
            empty.
        at: Keepa minute of the right edge.
        options: What is drawn, and how.
    """
    # A tenth of a second, and 30 MB, that only those who ask for a picture spend.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
    from matplotlib.figure import Figure

    size = (options.width / _DPI, options.height / _DPI)
    figure = Figure(size, _DPI, facecolor=f"#{options.background}", layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_facecolor(f"#{options.background}")
    begin = at - options.days * _DAY
    ranks = axes.twinx() if "salesrank" in options.lines else None
    for name, colour in options.lines.items():
        entries = None if history is None else _entries(history, name)
        if entries is not None:
            place = ranks if name == "salesrank" and ranks is not None else axes
            scale = 1 if place is ranks else 10**options.minor_digits
            times, values = _steps(entries, begin, at, scale)
            place.step(
                date2num(times), values, where="post", color=f"#{colour}", linewidth=1, label=name
            )
    axes.set_xlim(date2num(from_keepa_minutes(begin)), date2num(from_keepa_minutes(at)))
    locator = AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    axes.tick_params(labelsize=7)
    if ranks is not None:
        ranks.tick_params(labelsize=7)
    if axes.has_data():
        axes.legend(fontsize=7, loc="upper left")
    if options.title is not None:
        axes.set_title(options.title, fontsize=8)
    figure.text(0.99, 0.01, "simulated", ha="right", fontsize=7, color="#888888")
    written = BytesIO()
    figure.savefig(written, format="png", metadata={"Software": None, "Source": "simulated"})
    return written.getvalue()


def _entries(history: History, name: str) -> Entries | None:
    return history.entries.get(price_type_of(LINES[name].price_type).index)


def _steps(entries: Entries, begin: int, at: int, scale: int) -> tuple[list[datetime], list[float]]:
    """Return what held from `begin` on, shipping included; no offer is not a number."""
    first = max(int(entries[:, 0].searchsorted(begin, side="right")) - 1, 0)
    times, values = [], []
    for minute, value, *shipping in entries[first:].tolist():
        times.append(from_keepa_minutes(max(minute, begin)))
        landed = value + max(sum(shipping), 0)
        values.append(float("nan") if value == NO_OFFER else landed / scale)
    return [*times, from_keepa_minutes(at)], [*values, values[-1]]
