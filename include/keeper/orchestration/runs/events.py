"""Events of `keeper-events` that tasks publish."""

import logging
from typing import Final

from airflow.sdk.exceptions import AirflowException

from keeper.domain.runs.events import KeeperEvent
from keeper.errors import KeeperError

_LOG: Final = logging.getLogger(__name__)


def publish(event: KeeperEvent) -> None:
    """Publish an event by `keeper_kafka` within three seconds, or log that it was not."""
    from keeper.orchestration.airflow.connections import kafka_config
    from keeper.streams.events.publisher import publish_once

    try:
        kafka = kafka_config()
    except (KeeperError, AirflowException) as error:
        _LOG.warning("%s was not published: %s", event.event_type, error)
        return
    publish_once(kafka, event)
