"""The side workers that bring price and deal events into the stores."""

import logging
from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar

from keeper.domain.deals.events import DealEvent
from keeper.domain.prices.events import PriceEvent
from keeper.metrics import WorkerMetrics
from keeper.streams.codec import decode_deal_event, decode_price_event
from keeper.streams.config import KafkaConfig
from keeper.streams.consumers.batch import BatchPolicy
from keeper.streams.consumers.batch_consumer import BatchConsumer
from keeper.streams.consumers.losses import Loss
from keeper.streams.topics import DEAL_UPDATES, PRICE_UPDATES

_LOG: Final = logging.getLogger(__name__)
_Event = TypeVar("_Event")
_Event_contra = TypeVar("_Event_contra", contravariant=True)


class EventStore(Protocol[_Event_contra]):
    """A store of events; storing the same ones again must change nothing."""

    def store(self, events: Sequence[_Event_contra], /) -> object:
        """Store a batch, all or nothing; raise TransientError to be asked again later."""


def price_consumer(
    kafka: KafkaConfig,
    store: EventStore[PriceEvent],
    *,
    group: str,
    on_cycle: Callable[[], None] = lambda: None,
    policy: BatchPolicy | None = None,
    instance: str | None = None,
    metrics: WorkerMetrics | None = None,
    on_loss: Callable[[Loss], None] = lambda _: None,
    topic: str = PRICE_UPDATES,
) -> BatchConsumer[PriceEvent]:
    """Return a consumer that reads price events into `store`."""
    return BatchConsumer(
        kafka,
        topic=topic,
        group=group,
        decode=decode_price_event,
        handle=_into(store, group),
        on_cycle=on_cycle,
        policy=policy,
        instance=instance,
        metrics=metrics,
        on_loss=on_loss,
    )


def deal_consumer(
    kafka: KafkaConfig,
    store: EventStore[DealEvent],
    *,
    group: str,
    on_cycle: Callable[[], None] = lambda: None,
    policy: BatchPolicy | None = None,
    instance: str | None = None,
    metrics: WorkerMetrics | None = None,
    on_loss: Callable[[Loss], None] = lambda _: None,
    topic: str = DEAL_UPDATES,
) -> BatchConsumer[DealEvent]:
    """Return a consumer that reads deal events into `store`."""
    return BatchConsumer(
        kafka,
        topic=topic,
        group=group,
        decode=decode_deal_event,
        handle=_into(store, group),
        on_cycle=on_cycle,
        policy=policy,
        instance=instance,
        metrics=metrics,
        on_loss=on_loss,
    )


def _into(store: EventStore[_Event], group: str) -> Callable[[Sequence[_Event]], None]:
    def handle(events: Sequence[_Event]) -> None:
        result = store.store(events)
        _LOG.info("%s: %d events stored: %s", group, len(events), result)

    return handle
