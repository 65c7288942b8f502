"""What Elasticsearch mirrors of PostgreSQL, and the workers that keep it so."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar

from keeper.domain.deals.events import DealEvent
from keeper.domain.prices.events import PriceEvent
from keeper.errors import TerminalError
from keeper.pipeline.search.contents import Contents, DealContents, PriceContents
from keeper.stores.elasticsearch import deal_index, price_index
from keeper.streams.codec import decode_deal_event, decode_price_event
from keeper.streams.topics import DEAL_UPDATES, PRICE_BACKFILL, PRICE_UPDATES
from keeper.streams.workers import loaders_of


class Feed(NamedTuple):
    """A topic that brings something into the two stores.

    Attributes:
        groups: The consumer groups that load it, into PostgreSQL and into Elasticsearch.
        read: Returns what a message brings.
    """

    groups: tuple[str, ...]
    read: Callable[[bytes | None], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Mirror:
    """One kind of thing in both stores.

    Attributes:
        name: What it is called.
        alias: The alias of its index.
        template: The index's settings and mappings.
        figures: The fields the stores are compared by.
        topics: The topics it comes by.
        contents: What the stores hold of it.
    """

    name: str
    alias: str
    template: Mapping[str, Any]
    figures: Sequence[str]
    topics: Mapping[str, Feed]
    contents: Contents[Any]

    @property
    def refresh_interval(self) -> str:
        """How soon the index shows what was written."""
        interval: str = self.template["settings"]["refresh_interval"]
        return interval


def _prices(message: bytes | None) -> Sequence[PriceEvent]:
    return [decode_price_event(message)]


def _deals(message: bytes | None) -> Sequence[DealEvent]:
    return [decode_deal_event(message)]


def _prices_of_deals(message: bytes | None) -> Sequence[PriceEvent]:
    report = decode_deal_event(message).price_report()
    return [] if report is None else [report]


def _groups(topic: str) -> tuple[str, ...]:
    return tuple(loader.group for loader in loaders_of(topic))


PRICES: Final = Mirror(
    name="prices",
    alias=price_index.PRICES_ALIAS,
    template=price_index.PRICES_INDEX,
    figures=("price_minor", "shipping_minor", "implausible"),
    topics={
        PRICE_UPDATES: Feed(_groups(PRICE_UPDATES), _prices),
        PRICE_BACKFILL: Feed(_groups(PRICE_BACKFILL), _prices),
        DEAL_UPDATES: Feed(_groups(DEAL_UPDATES), _prices_of_deals),
    },
    contents=PriceContents(),
)
DEALS: Final = Mirror(
    name="deals",
    alias=deal_index.DEALS_ALIAS,
    template=deal_index.DEALS_INDEX,
    figures=("price_minor", "score", "discount_percent"),
    topics={DEAL_UPDATES: Feed(_groups(DEAL_UPDATES), _deals)},
    contents=DealContents(),
)
MIRRORS: Final = {mirror.name: mirror for mirror in (PRICES, DEALS)}


_Kind = TypeVar("_Kind")


class UnknownMirrorError(TerminalError):
    """There is no such kind."""


def mirror_of(name: str) -> Mirror:
    """Return the mirror of a name.

    Raises:
        UnknownMirrorError: There is none; says which there are.
    """
    return found_in(MIRRORS, name)


def found_in(mirrors: Mapping[str, _Kind], name: str) -> _Kind:
    """Return what a mapping has by a name.

    Raises:
        UnknownMirrorError: There is none; says which there are.
    """
    try:
        return mirrors[name]
    except KeyError:
        raise UnknownMirrorError(f"{name!r} is none of {', '.join(mirrors)}") from None
