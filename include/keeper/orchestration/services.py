"""Tasks that touch each outside system once, so that a person sees which of them answers."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowSkipException

from keeper.errors import KeeperError, SettingsError
from keeper.orchestration.connections import (
    ELASTICSEARCH_CONN,
    KAFKA_CONN,
    KEEPA_CONN,
    POSTGRES_CONN,
    database,
    elasticsearch_config,
    kafka_config,
    keepa_config,
)
from keeper.orchestration.lake import lake
from keeper.settings import load_settings

_LOG: Final = logging.getLogger(__name__)
_CONNECTIONS: Final = {
    "postgres": POSTGRES_CONN,
    "kafka": KAFKA_CONN,
    "elasticsearch": ELASTICSEARCH_CONN,
    "keepa": KEEPA_CONN,
}


def _postgres() -> str:
    from keeper.pipeline.check_services import check_postgres

    with database() as connection:
        return check_postgres(connection)


def _kafka() -> str:
    from keeper.pipeline.check_services import check_kafka

    return check_kafka(kafka_config())


def _elasticsearch() -> str:
    from keeper.pipeline.check_services import check_elasticsearch

    with elasticsearch_config().client() as client:
        return check_elasticsearch(client)


def _keepa() -> str:
    from keeper.pipeline.check_services import check_keepa
    from keeper.sources.keepa.client import KeepaClient

    # Without the ledger, which is PostgreSQL's: one service down is one red task.
    with KeepaClient(keepa_config()) as client:
        return check_keepa(client)


def _lake() -> str:
    from keeper.pipeline.check_services import check_lake

    return check_lake(lake())


def _mail() -> str:
    from keeper.pipeline.check_services import check_mail

    return check_mail(load_settings())


def _chats() -> str:
    from keeper.pipeline.check_services import check_chats

    return check_chats(load_settings())


SERVICES: Final[Mapping[str, Callable[[], str]]] = {
    "postgres": _postgres,
    "kafka": _kafka,
    "elasticsearch": _elasticsearch,
    "keepa": _keepa,
    "lake": _lake,
    "mail": _mail,
    "chats": _chats,
}


def check_service(name: str) -> str:
    """Touch a service and return how it is, in one sentence.

    Raises:
        AirflowSkipException: The settings do not name it.
        SettingsError: Airflow has no connection to it.
        KeeperError: It is not well; says what to do.
    """
    from keeper.pipeline.check_services import NotConfiguredError

    connection = _CONNECTIONS.get(name)
    try:
        told = SERVICES[name]()
    except NotConfiguredError as error:
        raise AirflowSkipException(str(error)) from None
    except AirflowNotFoundException:
        raise SettingsError(
            f"Airflow has no connection {connection}: add it on Airflow's page of connections, or "
            f"set AIRFLOW_CONN_{str(connection).upper()}"
        ) from None
    except KeeperError:
        if connection:
            _LOG.info("Where it is asked: Airflow's connection %s", connection)
        raise
    _LOG.info("%s", told)
    return told


def service_checks() -> list[Any]:
    """Return a task for each service; none of them waits for another."""

    @task(retries=1, retry_delay=timedelta(seconds=5), execution_timeout=timedelta(minutes=3))
    def check(name: str) -> str:
        return check_service(name)

    return [check.override(task_id=f"check_{name}")(name) for name in SERVICES]


def services_line(told: Sequence[str | None]) -> str:
    """Return the line of `check_services`.

    Args:
        told: What the checks returned, in the order of SERVICES; None where one did not.
    """
    silent = [name for name, text in zip(SERVICES, told, strict=True) if text is None]
    line = f"{len(SERVICES) - len(silent)} of {len(SERVICES)} services answer"
    return f"{line}; failed or not configured: {', '.join(silent)}" if silent else line
