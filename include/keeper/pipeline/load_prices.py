"""The side workers that bring price events into the stores."""

import logging
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from keeper.domain.price_events import PriceEvent
from keeper.streams.codec import decode_price_event
from keeper.streams.config import KafkaConfig
from keeper.streams.consumer import BatchConsumer, BatchPolicy
from keeper.streams.topics import PRICE_UPDATES

_LOG: Final = logging.getLogger(__name__)


class PriceStore(Protocol):
    """A store of price events; storing the same ones again must change nothing."""

    def store(self, events: Sequence[PriceEvent]) -> object:
        """Store a batch, all or nothing; raise TransientError to be asked again later."""


def price_consumer(
    kafka: KafkaConfig,
    store: PriceStore,
    *,
    group: str,
    on_cycle: Callable[[], None],
    policy: BatchPolicy | None = None,
    topic: str = PRICE_UPDATES,
) -> BatchConsumer[PriceEvent]:
    """Return a consumer that reads price events into `store`."""

    def handle(events: Sequence[PriceEvent]) -> None:
        result = store.store(events)
        _LOG.info("%s: %d events stored: %s", group, len(events), result)

    return BatchConsumer(
        kafka,
        topic=topic,
        group=group,
        decode=decode_price_event,
        handle=handle,
        on_cycle=on_cycle,
        policy=policy,
    )
