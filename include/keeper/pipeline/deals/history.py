"""What the products of deals have cost lately, for the charts of a report."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from keeper.domain.deals.report import ReportedDeal
from keeper.domain.prices.detail import Detail
from keeper.domain.prices.history import PriceSeries
from keeper.domain.prices.types import price_type_of
from keeper.sources.keepa.errors import KeepaDecodeError
from keeper.sources.keepa.products.decode import decode_products
from keeper.stores.lake.archive import ArchivedReply, ReplyArchive
from keeper.stores.lake.paths import LakeUnavailableError, MissingFileError
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.prices.history import StoredPrice, points_of

_LOG: Final = logging.getLogger(__name__)
_SHOWN: Final = timedelta(days=90)
_FETCHED_WITHIN: Final = timedelta(days=3)
"""A deal's history is fetched when it is first seen, which for a new one was lately."""
_Key = tuple[str, str, str]
_Points = tuple[tuple[datetime, int | None], ...]


def with_histories(
    connection: Connection, archive: ReplyArchive, deals: Sequence[ReportedDeal], *, at: datetime
) -> tuple[ReportedDeal, ...]:
    """Return the deals with what their products have cost in 90 days, shipping counted in.

    Where no prices are stored the archived replies say, by which the deals were scored. A deal
    whose history nobody knows, or whose reply is damaged or out of reach, has only its own price.

    Args:
        connection: Where prices are.
        archive: Where replies are.
        deals: The deals.
        at: Now.
    """
    since = at - _SHOWN
    stored = {
        _key(deal): points_of(connection, deal.asin, deal.domain, deal.price_type, since=since)
        for deal in deals
    }
    unknown = [deal for deal in deals if len(stored[_key(deal)]) < 2]
    archived = _archived(archive, unknown, at)
    return tuple(
        replace(deal, points=_points(archived.get(_key(deal)) or stored[_key(deal)], deal, since))
        for deal in deals
    )


def _points(prices: Iterable[StoredPrice], deal: ReportedDeal, since: datetime) -> _Points:
    """Return what held from 90 days ago on, up to the deal's own price.

    Prices that may not be compared with it take no part: see keeper.domain.prices.landed.
    """
    series = PriceSeries(
        ((one.observed_at, one.amount(with_shipping=True)) for one in prices),
        price_type_of(deal.price_type).landed_since,
    )
    comparable = series.until(deal.observed_at, deal.observed_at).comparable()
    before = [point for point in comparable if point[0] < deal.observed_at]
    older = [point for point in before if point[0] <= since]
    recent = [point for point in before if point[0] > since]
    return (*older[-1:], *recent, (deal.observed_at, deal.price_minor))


def _archived(
    archive: ReplyArchive, deals: Sequence[ReportedDeal], at: datetime
) -> dict[_Key, list[StoredPrice]]:
    wanted: dict[str, dict[str, Detail]] = {}
    for deal in deals:
        details = wanted.setdefault(deal.domain, {})
        needed = price_type_of(deal.price_type).detail
        details[deal.asin] = Detail.most((needed, details.get(deal.asin, needed)))
    replies: dict[str, tuple[ArchivedReply, set[str]]] = {}
    keys = {_key(deal) for deal in deals}
    histories: dict[_Key, list[StoredPrice]] = {}
    try:
        for domain, asins in wanted.items():
            found = archive.newest_holding(domain, asins, received_from=at - _FETCHED_WITHIN)
            for asin, reply in found.items():
                replies.setdefault(reply.key, (reply, set()))[1].add(asin)
        for reply, held in replies.values():
            histories |= _prices_of(archive, reply, held, keys)
    except LakeUnavailableError as error:
        # Every further question would wait as long as this one did.
        _LOG.warning("histories of deals are left out: %s", error)
    return histories


def _prices_of(
    archive: ReplyArchive, reply: ArchivedReply, asins: set[str], keys: set[_Key]
) -> dict[_Key, list[StoredPrice]]:
    try:
        products = decode_products(archive.read(reply)).products
    except (KeepaDecodeError, MissingFileError) as error:
        _LOG.warning("a reply with histories cannot be read: %s", error)
        return {}
    histories: dict[_Key, list[StoredPrice]] = {}
    for product in products:
        if product.asin not in asins:
            continue
        for _, domain, name in (key for key in keys if key[:2] == (product.asin, reply.domain)):
            series = product.series.get(price_type_of(name).index)
            if series is not None:
                histories[product.asin, domain, name] = [
                    StoredPrice(p.observed_at, p.price_minor or None, p.shipping_minor)
                    for p in series.points()
                ]
    return histories


def _key(deal: ReportedDeal) -> _Key:
    return deal.asin, deal.domain, deal.price_type
