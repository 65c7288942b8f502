"""Answers /graphimage: reads what is to be drawn, and remembers for what a token was taken.

Source: Keepa's documentation: a token an image, none for the same URL within 90 minutes. Which
sizes it takes, what it draws by default and what it answers for an unknown product is not known.
"""

import re
from collections import OrderedDict
from typing import Final

from keeper.simulator.api.parameters import Parameters
from keeper.simulator.api.payload import Payload
from keeper.simulator.pictures.graph import LINES, GraphOptions, draw_graph
from keeper.simulator.products.catalogue import Catalogue
from keeper.simulator.refusals import invalid_parameter, out_of_range

_COST: Final = 1
_FREE_MS: Final = 90 * 60_000
_REMEMBERED: Final = 256
_WIDTHS: Final = (500, range(300, 1001))
_HEIGHTS: Final = (200, range(150, 1001))
_DAYS: Final = (31, range(1, 20 * 365))
_COLOUR: Final = re.compile(r"[0-9a-fA-F]{6}")
_WHITE: Final = "FFFFFF"


class GraphImages:
    """Draws pictures, and keeps those of the last 90 minutes."""

    def __init__(self) -> None:
        self._drawn: OrderedDict[frozenset[tuple[str, str]], tuple[int, bytes]] = OrderedDict()

    def answer(self, catalogue: Catalogue, asked: Parameters, at: int, now_ms: int) -> Payload:
        """Draw what a request asks for, or give what was drawn for the same one, for free.

        Args:
            catalogue: Whose products are drawn.
            asked: The request's parameters; if all are the same, so is the request.
            at: Keepa minute of the reply.
            now_ms: The time that tokens go by, in Unix milliseconds.
        """
        name = asked.given()
        drawn = self._drawn.get(name)
        if drawn is not None and 0 <= now_ms - drawn[0] < _FREE_MS:
            return Payload({}, 0, drawn[1])
        locale = asked.locale()
        sheet = catalogue.find(asked.text("asin"), locale)
        history = catalogue.history(sheet, locale, at) if sheet is not None else None
        picture = draw_graph(history, at, _options(asked))
        self._drawn[name] = (now_ms, picture)
        self._drawn.move_to_end(name)
        while len(self._drawn) > _REMEMBERED:
            self._drawn.popitem(last=False)
        return Payload({}, _COST, picture)


def _options(asked: Parameters) -> GraphOptions:
    shown = [name for name, line in LINES.items() if asked.flag(name, default=line.is_shown)]
    return GraphOptions(
        width=_within(asked, "width", *_WIDTHS),
        height=_within(asked, "height", *_HEIGHTS),
        days=_within(asked, "range", *_DAYS),
        lines={
            name: _colour(asked, LINES[name].colour_parameter, LINES[name].colour) for name in shown
        },
        background=_colour(asked, "cBackground", _WHITE),
        minor_digits=asked.locale().minor_digits,
        title=asked.text("asin") if asked.flag("title", default=True) else None,
    )


def _within(asked: Parameters, name: str, default: int, allowed: range) -> int:
    number = asked.number(name)
    if number is None:
        return default
    if number not in allowed:
        raise out_of_range(name)
    return number


def _colour(asked: Parameters, name: str, default: str) -> str:
    if not asked.has(name):
        return default
    colour = asked.text(name)
    if not _COLOUR.fullmatch(colour):
        raise invalid_parameter(name)
    return colour
