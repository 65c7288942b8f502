"""The Elasticsearch client and its errors in Keeper's terms."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from elastic_transport import ConnectionError as TransportConnectionError
from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from keeper.errors import SettingsError, TerminalError, TransientError


@dataclass(frozen=True, slots=True, repr=False)
class ElasticsearchConfig:
    """Where Elasticsearch is; the URL may hold a password and is left out of the repr."""

    url: str
    timeout_s: float = 30

    def __repr__(self) -> str:
        """Name the type only."""
        return "ElasticsearchConfig(…)"

    def client(self) -> Elasticsearch:
        """Return a client; it connects at the first request.

        Raises:
            SettingsError: The URL cannot be read.
        """
        try:
            # Whoever asks decides when to ask again, and says so in its own words.
            return Elasticsearch(self.url, request_timeout=self.timeout_s, max_retries=0)
        except ValueError:
            # Its text would quote the URL, which may hold a password.
            raise SettingsError(
                "Elasticsearch's URL cannot be read; it must look like http://localhost:9200"
            ) from None


class SearchUnavailableError(TransientError):
    """Elasticsearch cannot be reached or is overloaded."""


class SearchTooLongError(TransientError):
    """Elasticsearch answers, but all that is asked for takes longer than who asks waits."""


class SearchRejectedError(TerminalError):
    """Elasticsearch refuses a request however often it is sent."""


class RequestTooLargeError(SearchRejectedError):
    """Elasticsearch takes no request of this size."""


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn the client's errors into Keeper's."""
    try:
        yield
    except TransportConnectionError as error:
        raise SearchUnavailableError(
            f"Elasticsearch does not answer ({error.message}); check that it runs and "
            "ELASTICSEARCH_URL"
        ) from error
    except TransportError as error:
        raise SearchUnavailableError(f"Elasticsearch: {error.message}") from error
    except ApiError as error:
        kind: type[TransientError | TerminalError] = SearchRejectedError
        if error.meta.status in (408, 429) or error.meta.status >= 500:
            kind = SearchUnavailableError
        elif error.meta.status == 413:
            kind = RequestTooLargeError
        raise kind(f"Elasticsearch: {error}") from error
