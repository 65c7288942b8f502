"""A product's price of the last 90 days as a small picture."""

from datetime import datetime, timedelta
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final
from unicodedata import normalize
from zoneinfo import ZoneInfo

from keeper.alerts.formats import day
from keeper.alerts.message import Picture
from keeper.domain.site_money import site_money

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WINDOW: Final = timedelta(days=90)
_INCHES: Final = (5.6, 2.3)
_DPI: Final = 200
_LINE: Final = "#0969da"
_TARGET: Final = "#1a7f37"
_GONE: Final = "#8c959f"


@lru_cache(maxsize=64)
def price_chart(
    points: tuple[tuple[datetime, int | None], ...],
    *,
    until: datetime,
    target_minor: int | None,
    domain: str,
    time_zone: str = "UTC",
) -> Picture:
    """Draw prices as steps, times without an offer as grey gaps, and the target as a line.

    Args:
        points: Since when each price held, in minor units, None without an offer; in order.
        until: Where the picture ends; it begins 90 days before.
        target_minor: A line to draw; None for none.
        domain: Whose way to write them.
        time_zone: Whose days the axis shows.
    """
    spans = list(_spans(points, until - WINDOW, until))
    return Picture(
        _drawn(spans, until, target_minor, domain, time_zone),
        _in_words(spans, target_minor, domain, time_zone),
    )


Span = tuple[datetime, datetime, int | None]


def _drawn(
    spans: list[Span], until: datetime, target_minor: int | None, domain: str, time_zone: str
) -> bytes:
    # A tenth of a second, and 30 MB, that only those who draw are to spend.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=_INCHES, dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for begins, ends, price in spans:
        if price is None:
            axes.axvspan(_x(begins), _x(ends), color=_GONE, alpha=0.15, linewidth=0)
    _draw_steps(axes, spans)
    if target_minor is not None:
        axes.axhline(target_minor, color=_TARGET, linewidth=1.2, linestyle=(0, (5, 3)))
    _dress(axes, until - WINDOW, until, target_minor, domain, time_zone)
    written = BytesIO()
    # Without the version of the library in it, equal prices make equal pictures.
    figure.savefig(written, format="png", metadata={"Software": None})
    return written.getvalue()


def _spans(
    points: tuple[tuple[datetime, int | None], ...], since: datetime, until: datetime
) -> list[Span]:
    found: list[Span] = []
    for index, (at, price) in enumerate(points):
        ends = points[index + 1][0] if index + 1 < len(points) else until
        begins, ends = max(at, since), min(ends, until)
        if ends > begins or (at == ends == until):
            found.append((begins, ends, price))
    return found


def _draw_steps(axes: "Axes", spans: list[Span]) -> None:
    nothing = float("nan")
    times: list[Any] = []
    prices: list[float] = []
    for begins, ends, price in spans:
        times += [_x(begins), _x(ends)]
        prices += [nothing if price is None else price] * 2
    axes.plot(times, prices, color=_LINE, linewidth=1.8, solid_joinstyle="round")
    if spans and spans[-1][2] is not None:
        axes.plot([_x(spans[-1][1])], [spans[-1][2]], "o", color=_LINE, markersize=4.5)


def _dress(
    axes: "Axes",
    since: datetime,
    until: datetime,
    target_minor: int | None,
    domain: str,
    time_zone: str,
) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    zone = ZoneInfo(time_zone)
    locator = AutoDateLocator(maxticks=6, tz=zone)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=zone, show_offset=False))
    axes.set_xlim(date2num(since), date2num(until + WINDOW / 60))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.yaxis.set_major_formatter(
        # The font has neither the wide yen sign nor all kinds of spaces.
        FuncFormatter(lambda minor, _: normalize("NFKC", site_money(round(minor), domain)))
    )
    lowest, highest = axes.get_ylim()
    if target_minor is not None:
        lowest, highest = min(lowest, target_minor), max(highest, target_minor)
    room = max((highest - lowest) * 0.12, 1)
    axes.set_ylim(max(lowest - room, 0), highest + room)
    axes.tick_params(labelsize=8, colors="#57606a", length=0)
    axes.grid(axis="y", color="#d8dee4", linewidth=0.6)
    for side in axes.spines.values():
        side.set_visible(False)


def _in_words(spans: list[Span], target_minor: int | None, domain: str, time_zone: str) -> str:
    prices = [price for _, _, price in spans if price is not None]
    if not prices:
        return "Price of the last 90 days: no offer."
    low, high = (site_money(pick, domain) for pick in (min(prices), max(prices)))
    since = day(spans[0][0], time_zone)
    target = ""
    if target_minor is not None:
        target = f", with the target at {site_money(target_minor, domain)}"
    gaps = ", grey where there was no offer" if any(s[2] is None for s in spans) else ""
    return f"Price since {since}, between {low} and {high}{target}{gaps}."


def _x(at: datetime) -> Any:
    from matplotlib.dates import date2num

    return date2num(at)
