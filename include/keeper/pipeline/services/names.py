"""The outside systems, and a check of each for whoever knows where they are; quick to import."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    # Their libraries take a second to import, which every reading of a DAG file would pay.
    from keeper.settings import Settings
    from keeper.sources.keepa.config import KeepaConfig
    from keeper.stores.elasticsearch.connection import ElasticsearchConfig
    from keeper.stores.lake.paths import LakePath
    from keeper.stores.postgres.connection import PostgresConfig
    from keeper.streams.config import KafkaConfig

SERVICES: Final = ("postgres", "kafka", "elasticsearch", "keepa", "lake", "mail", "chats")
"""Their names."""
ANSWER_WITHIN_S: Final = 10.0
"""How long a service may take where a person waits for what a check says."""


@dataclass(frozen=True, slots=True)
class Configurations:
    """Where the outside systems are.

    Each is asked for by the checks that need it, so that one that is wrong or missing fails those
    alone.
    """

    postgres: "Callable[[], PostgresConfig]"
    kafka: "Callable[[], KafkaConfig]"
    elasticsearch: "Callable[[], ElasticsearchConfig]"
    keepa: "Callable[[], KeepaConfig]"
    lake: "Callable[[], LakePath]"
    settings: "Callable[[], Settings]"


def probes_of(configurations: Configurations) -> Mapping[str, Callable[[], str]]:
    """Return a check of each of SERVICES: it touches the service once and says how it is.

    A check may block as long as its configuration allows, and raises as probes.py says.
    """
    from keeper.pipeline.services import probes

    return {
        "postgres": lambda: probes.probe_postgres(configurations.postgres()),
        "kafka": lambda: probes.probe_kafka(configurations.kafka()),
        "elasticsearch": lambda: probes.probe_elasticsearch(configurations.elasticsearch()),
        "keepa": lambda: probes.probe_keepa(configurations.keepa()),
        "lake": lambda: probes.probe_lake(configurations.lake()),
        "mail": lambda: probes.probe_mail(configurations.settings()),
        "chats": lambda: probes.probe_chats(configurations.settings()),
    }
