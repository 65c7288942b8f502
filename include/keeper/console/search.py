"""The console's way to Elasticsearch: whoever asks waits for seconds at most."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Final, TypeVar

from elasticsearch import Elasticsearch

from keeper.breaker import Breaker
from keeper.clock import Clock, utc_now
from keeper.console.threads import TooLateError, result_within
from keeper.stores.elasticsearch.connection import ElasticsearchConfig, SearchUnavailableError

_LOG: Final = logging.getLogger(__name__)
_FIRST_PAUSE: Final = timedelta(seconds=5)
_LAST_PAUSE: Final = timedelta(seconds=30)
_BREAK_AFTER: Final = 2
_ANSWER_S: Final = 2.0
"""For one request; a search may need several."""
_SEARCH_S: Final = 4.0
_AT_ONCE: Final = 4
_LEFT_ALONE: Final = "Elasticsearch has not answered lately"
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
            SearchUnavailableError: Elasticsearch does not answer, or has not lately; raised within
                four seconds.
            Exception: What the work raises.
        """
        # Before it queues for a thread, which may all be with an Elasticsearch that hangs.
        if self._breaker.wait(self._clock()):
            raise SearchUnavailableError(_LEFT_ALONE)
        try:
            return await result_within(self._threads.submit(self._do, work), _SEARCH_S)
        except TooLateError as late:
            error = SearchUnavailableError(f"no search has ended within {_SEARCH_S:g} s")
            if late.has_begun:
                self._record_failure(error)
            raise error from None

    def _do(self, work: Callable[[Elasticsearch], _T]) -> _T:
        if self._breaker.admit(self._clock()):
            raise SearchUnavailableError(_LEFT_ALONE)
        try:
            done = work(self._client)
        except SearchUnavailableError as error:
            self._record_failure(error)
            raise
        except Exception:
            # Whatever is wrong, it has answered.
            self._breaker.worked()
            raise
        self._breaker.worked()
        return done

    def _record_failure(self, error: SearchUnavailableError) -> None:
        if pause := self._breaker.failed(self._clock()):
            _LOG.warning("%s; asked again in %.0f s", error, pause.total_seconds())
