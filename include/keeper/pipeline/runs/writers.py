"""What each kind of worker in the table writes with, made from the settings.

A store's library is imported only for the worker that writes into it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from typing import Any, Final

from keeper.metrics import WorkerMetrics
from keeper.pipeline.runs.consumers import EventStore, deal_consumer, price_consumer
from keeper.pipeline.services.configuration import elasticsearch_config, postgres_config
from keeper.settings import Settings
from keeper.streams.consumers.batch_consumer import BatchConsumer
from keeper.streams.workers import Writer


@dataclass(frozen=True, slots=True)
class Writing:
    """How events get into a store.

    Attributes:
        consumer: Makes the consumer that decodes them.
        store: Opens the store for a `with` block; what it spends there it adds to the metrics.
    """

    consumer: Callable[..., BatchConsumer[Any]]
    store: Callable[[Settings, WorkerMetrics], AbstractContextManager[EventStore[Any]]]


@contextmanager
def _prices(settings: Settings, metrics: WorkerMetrics) -> Iterator[EventStore[Any]]:
    from keeper.stores.postgres.prices.writer import PriceWriter

    with closing(PriceWriter(postgres_config(settings), metrics=metrics)) as writer:
        yield writer


@contextmanager
def _older_prices(settings: Settings, metrics: WorkerMetrics) -> Iterator[EventStore[Any]]:
    from keeper.stores.postgres.prices.writer import BackfillWriter

    with closing(BackfillWriter(postgres_config(settings), metrics=metrics)) as writer:
        yield writer


@contextmanager
def _deals(settings: Settings, _: WorkerMetrics) -> Iterator[EventStore[Any]]:
    from keeper.stores.postgres.deals.writer import DealWriter

    with closing(DealWriter(postgres_config(settings), follow=settings.deals.follow)) as writer:
        yield writer


@contextmanager
def _price_documents(settings: Settings, _: WorkerMetrics) -> Iterator[EventStore[Any]]:
    from keeper.stores.elasticsearch.price_index import PriceIndex

    with elasticsearch_config(settings).client() as client:
        yield PriceIndex(client)


@contextmanager
def _deal_documents(settings: Settings, _: WorkerMetrics) -> Iterator[EventStore[Any]]:
    from keeper.stores.elasticsearch.deal_index import DealIndex

    with elasticsearch_config(settings).client() as client:
        yield DealIndex(client)


WRITERS: Final[Mapping[Writer, Writing]] = {
    Writer.PRICES: Writing(price_consumer, _prices),
    Writer.OLDER_PRICES: Writing(price_consumer, _older_prices),
    Writer.DEALS: Writing(deal_consumer, _deals),
    Writer.PRICE_DOCUMENTS: Writing(price_consumer, _price_documents),
    Writer.DEAL_DOCUMENTS: Writing(deal_consumer, _deal_documents),
}
"""By what the table of workers says of each."""
