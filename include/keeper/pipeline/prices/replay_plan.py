"""Which archived replies a replay takes its products from."""

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter
from typing import Final

from keeper.domain.intervals import Interval
from keeper.domain.prices.detail import Detail
from keeper.domain.prices.events import Source
from keeper.domain.watches.watch import ProductToCheck
from keeper.stores.lake.archive import ArchivedReply, ReplyArchive
from keeper.stores.lake.paths import MissingFileError
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.watches.watch_list import products_to_check

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """What a replay will do.

    Attributes:
        products: Watched products by the reply they are taken from, the newest that holds them.
        without_reply: Watched products, of those asked for, that no reply holds.
        damaged: Replies that cannot be read; an older one serves instead where there is one.
    """

    products: Mapping[ArchivedReply, Sequence[ProductToCheck]]
    without_reply: int
    damaged: Sequence[ArchivedReply]

    @property
    def total(self) -> int:
        """How many products there are."""
        return sum(map(len, self.products.values()))

    def batches(self, products: int) -> list[list[ArchivedReply]]:
        """Divide the replies into batches that end once they hold so many products."""
        batches: list[list[ArchivedReply]] = []
        room = 0
        for reply, held in self.products.items():
            if room <= 0:
                batches.append([])
                room = products
            batches[-1].append(reply)
            room -= len(held)
        return batches


def plan_replay(
    connection: Connection,
    archive: ReplyArchive,
    *,
    received: Interval,
    source: Source,
    domains: Collection[str] = (),
    asins: Collection[str] = (),
) -> ReplayPlan:
    """Choose the newest whole reply of each watched product.

    A reply holds a product's whole history, so that older ones would add nothing. One that was not
    asked for all the price types a product is watched in serves only where no other does, and only
    for those it was asked for. What PostgreSQL has of the time since `received.since` is not
    believed: it is published again.

    Args:
        connection: Where the watch list is.
        archive: The replies.
        received: Only replies received in it.
        source: Only Keepa's, or only the simulator's.
        domains: Only these locales; all without.
        asins: Only these products; all watched ones without.
    """
    watched = [
        product
        for product in products_to_check(connection)
        if (not domains or product.domain in domains) and (not asins or product.asin in asins)
    ]
    if unknown := sorted(set(asins) - {product.asin for product in watched}):
        _LOG.warning("nobody watches %s", ", ".join(unknown))
    by_domain: defaultdict[str, dict[str, ProductToCheck]] = defaultdict(dict)
    for product in watched:
        by_domain[product.domain][product.asin] = _believed_until(product, received.since)
    chosen: defaultdict[ArchivedReply, list[ProductToCheck]] = defaultdict(list)
    damaged: dict[str, ArchivedReply] = {}
    for domain, products in by_domain.items():
        wanted = {asin: product.detail for asin, product in products.items()}
        while wanted:
            for asin, reply in _newest_whole(archive, domain, wanted, received, source, damaged):
                chosen[reply].append(products[asin].brought_by(wanted.pop(asin)))
            wanted = {
                asin: less
                for asin, detail in wanted.items()
                if (less := detail.less) is not None and products[asin].brought_by(less).targets
            }
    return ReplayPlan(
        products={reply: chosen[reply] for reply in sorted(chosen, key=attrgetter("key"))},
        without_reply=len(watched) - sum(map(len, chosen.values())),
        damaged=list(damaged.values()),
    )


def _believed_until(product: ProductToCheck, since: datetime) -> ProductToCheck:
    # Without a current price the past is gone too, whatever is recorded of it.
    return replace(
        product,
        stored_until={name: min(at, since) for name, at in product.stored_until.items()},
        histories=tuple(name for name in product.histories if name in product.stored_until),
    )


def _newest_whole(
    archive: ReplyArchive,
    domain: str,
    asins: Mapping[str, Detail],
    received: Interval,
    source: Source,
    damaged: dict[str, ArchivedReply],
) -> list[tuple[str, ArchivedReply]]:
    """Return the newest reply of each product that can be read; add the others to `damaged`."""
    whole: set[str] = set()
    while True:
        found = archive.newest_holding(
            domain,
            asins,
            received_from=received.since,
            received_until=received.until,
            source=source,
            passing_over=damaged,
        )
        unread = {reply for reply in found.values() if reply.key not in whole}
        if not unread:
            return sorted(found.items())
        for reply in unread:
            try:
                archive.read(reply)
                whole.add(reply.key)
            except MissingFileError as error:
                _LOG.warning("passed over: %s", error)
                damaged[reply.key] = reply
