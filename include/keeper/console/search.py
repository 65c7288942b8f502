"""The console's way to Elasticsearch: whoever asks waits for seconds at most."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Final, TypeVar

from elasticsearch import Elasticsearch

from keeper.breaker import Breaker
from keeper.clock import Clock, utc_now
from keeper.stores.elasticsearch.connection import ElasticsearchConfig, SearchUnavailableError

_LOG: Final = logging.getLogger(__name__)
_FIRST_PAUSE: Final = timedelta(seconds=5)
_LAST_PAUSE: Final = timedelta(seconds=30)
_BREAK_AFTER: Final = 2
_ANSWER_S: Final = 2.0
_AT_ONCE: Final = 4
_T = TypeVar("_T")


class ConsoleSearch:
    """Searches, a little at once, behind a circuit breaker as the console's database is."""

    def __init__(self, config: ElasticsearchConfig, *, clock: Clock = utc_now) -> None:
        """Prepare; nothing is asked yet."""
        self._client = replace(config, timeout_s=_ANSWER_S).client()
        self._clock = clock
        self._breaker = Breaker(
            first_pause=_FIRST_PAUSE, last_pause=_LAST_PAUSE, break_after=_BREAK_AFTER
        )
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="search")

    async def run(self, work: Callable[[Elasticsearch], _T]) -> _T:
        """Do something with the client and return what it gives.

        Raises:
            SearchUnavailableError: Elasticsearch does not answer, or has not lately.
            Exception: What the work raises.
        """
        return await asyncio.wrap_future(self._threads.submit(self._do, work))

    def _do(self, work: Callable[[Elasticsearch], _T]) -> _T:
        if self._breaker.admit(self._clock()):
            raise SearchUnavailableError("Elasticsearch has not answered lately")
        try:
            done = work(self._client)
        except SearchUnavailableError as error:
            if pause := self._breaker.failed(self._clock()):
                _LOG.warning("%s; asked again in %.0f s", error, pause.total_seconds())
            raise
        except Exception:
            # Whatever is wrong, it has answered.
            self._breaker.worked()
            raise
        self._breaker.worked()
        return done
