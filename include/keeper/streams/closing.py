"""Closing a consumer in bounded time.

librdkafka's `close` waits for the answer to a commit that was begun, however long a broker that
does not answer takes; so does the destructor.
"""

import logging
import threading
from typing import Final

from confluent_kafka import Consumer

_LOG: Final = logging.getLogger(__name__)
CLOSE_LIMIT_S: Final = 10.0


def close_within(consumer: Consumer, limit_s: float = CLOSE_LIMIT_S) -> threading.Thread | None:
    """Close a consumer; after the limit leave that to a thread that no process waits for.

    Kafka takes a member that it has not seen leave for dead after its session's time.

    Returns:
        The thread that still closes it, None once it is closed.
    """
    closing = threading.Thread(target=consumer.close, name="close-consumer", daemon=True)
    closing.start()
    closing.join(limit_s)
    if closing.is_alive():
        _LOG.warning("Kafka does not answer the end of a consumer; it is left after %g s", limit_s)
        return closing
    return None
