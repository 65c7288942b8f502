"""A product's price of the last 90 days as a small picture."""

from datetime import datetime, timedelta
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from unicodedata import normalize
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from keeper.alerts.formats import day
from keeper.alerts.message import Picture
from keeper.alerts.words import words_in
from keeper.domain.site_money import site_money
from keeper.domain.users.languages import Language

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
    language: Language = Language.ENGLISH,
) -> Picture:
    """Draw prices as steps, times without an offer as grey gaps, and the target as a line.

    Args:
        points: Since when each price held, in minor units, None without an offer; in order.
        until: Where the picture ends; it begins 90 days before.
        target_minor: A line to draw; None for none.
        domain: Whose way to write them.
        time_zone: Whose days the axis shows.
        language: Of days and words.
    """
    reader = _Reader(domain, time_zone, language)
    spans = list(_spans(points, until - WINDOW, until))
    return Picture(
        _drawn(spans, until, target_minor, reader),
        _in_words(spans, target_minor, reader),
    )


Span = tuple[datetime, datetime, int | None]


class _Reader(NamedTuple):
    """Whose way to write money, whose days, and in which language."""

    domain: str
    time_zone: str
    language: Language


def _drawn(spans: list[Span], until: datetime, target_minor: int | None, reader: _Reader) -> bytes:
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
    _dress(axes, until - WINDOW, until, target_minor, reader)
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
    reader: _Reader,
) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num, num2date
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    zone, words = ZoneInfo(reader.time_zone), words_in(reader.language)
    locator = AutoDateLocator(maxticks=6, tz=zone)
    axes.xaxis.set_major_locator(locator)
    concise = ConciseDateFormatter(locator, tz=zone, show_offset=False)
    if (pattern := words.axis_pattern) is not None:
        # matplotlib knows English months only.
        axes.xaxis.set_major_formatter(
            FuncFormatter(
                lambda x, _: format_datetime(num2date(x, zone), pattern, locale=words.locale)
            )
        )
    else:
        axes.xaxis.set_major_formatter(concise)
    axes.set_xlim(date2num(since), date2num(until + WINDOW / 60))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.yaxis.set_major_formatter(
        # The font has neither the wide yen sign nor all kinds of spaces.
        FuncFormatter(lambda minor, _: normalize("NFKC", site_money(round(minor), reader.domain)))
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


def _in_words(spans: list[Span], target_minor: int | None, reader: _Reader) -> str:
    words = words_in(reader.language)
    prices = [price for _, _, price in spans if price is not None]
    if not prices:
        return words.chart_no_offer
    low, high = (site_money(pick, reader.domain) for pick in (min(prices), max(prices)))
    since = day(spans[0][0], reader.time_zone, reader.language)
    target = ""
    if target_minor is not None:
        target = words.chart_target.format(amount=site_money(target_minor, reader.domain))
    gaps = words.chart_gaps if any(s[2] is None for s in spans) else ""
    return words.chart.format(since=since, low=low, high=high, target=target, gaps=gaps)


def _x(at: datetime) -> Any:
    from matplotlib.dates import date2num

    return date2num(at)
