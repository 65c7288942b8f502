"""Events of `keeper-events`: published by tasks, and what rings the DAGs that wait for them."""

import logging
from typing import Final

from airflow.sdk import Asset, AssetWatcher
from airflow.sdk.exceptions import AirflowException

from keeper.domain.runs.events import KeeperEvent
from keeper.errors import KeeperError
from keeper.orchestration.doorbell_trigger import KeeperEventsTrigger

_LOG: Final = logging.getLogger(__name__)

OPERATIONS_DOORBELL: Final = Asset(
    name="operations-doorbell",
    uri="x-keeper://kafka/keeper-events/operations",
    watchers=[
        AssetWatcher(
            name="keeper-events",
            trigger=KeeperEventsTrigger(kinds=["dead_letters_grew", "run_loaded", "tokens_short"]),
        )
    ],
)
"""Updated when something happens that an operator may have to know of.

Nothing but its watcher updates it: an asset a task writes, too, would ring twice.
"""


def ring(event: KeeperEvent) -> None:
    """Publish an event by `keeper_kafka` within three seconds, or log that it was not."""
    from keeper.orchestration.airflow.connections import kafka_config
    from keeper.streams.events.publisher import ring_once

    try:
        kafka = kafka_config()
    except (KeeperError, AirflowException) as error:
        _LOG.warning("%s was not published: %s", event.event_type, error)
        return
    ring_once(kafka, event)
