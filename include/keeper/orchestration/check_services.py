"""The tasks of `check_services`: each touches an outside system, so that it is seen to answer."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from airflow.sdk import TriggerRule
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowSkipException
from airflow.sdk.types import RuntimeTaskInstanceProtocol

from keeper.errors import KeeperError, SettingsError
from keeper.orchestration.airflow.connections import (
    ELASTICSEARCH_CONN,
    KAFKA_CONN,
    KEEPA_CONN,
    POSTGRES_CONN,
    elasticsearch_config,
    kafka_config,
    keepa_config,
    postgres_config,
)
from keeper.orchestration.airflow.lake import lake
from keeper.orchestration.airflow.operators import task
from keeper.orchestration.runs.summaries import conclude
from keeper.pipeline.services.names import SERVICES, Configurations, probes_of
from keeper.settings import load_settings

_LOG: Final = logging.getLogger(__name__)
_CONNECTIONS: Final = {
    "postgres": POSTGRES_CONN,
    "kafka": KAFKA_CONN,
    "elasticsearch": ELASTICSEARCH_CONN,
    "keepa": KEEPA_CONN,
}
_CONFIGURATIONS: Final = Configurations(
    postgres=postgres_config,
    kafka=kafka_config,
    elasticsearch=elasticsearch_config,
    keepa=keepa_config,
    lake=lake,
    settings=load_settings,
)


@task(retries=1, retry_delay=timedelta(seconds=5), execution_timeout=timedelta(minutes=3))
def check(name: str) -> str:
    """Touch one of SERVICES and return how it is, in one sentence.

    Raises:
        AirflowSkipException: The settings do not name it.
        SettingsError: Airflow has no connection to it.
        KeeperError: It is not well; says what to do.
    """
    from keeper.pipeline.services.probes import NotConfiguredError

    connection = _CONNECTIONS.get(name)
    try:
        answer = probes_of(_CONFIGURATIONS)[name]()
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
    _LOG.info("%s", answer)
    return answer


def service_probes() -> list[Any]:
    """Return a task for each service; none of them waits for another."""
    return [check.override(task_id=f"check_{name}")(name) for name in SERVICES]


@task(trigger_rule=TriggerRule.ALL_DONE, retries=1)
def summarise(answers: list[str | None], ti: RuntimeTaskInstanceProtocol) -> str:
    """End the run with its line, or fail where one of its tasks did."""
    return conclude(ti, services_line(answers))


def services_line(answers: Sequence[str | None]) -> str:
    """Return the line of `check_services`.

    Args:
        answers: What the checks returned, in the order of SERVICES; None where one did not.
    """
    silent = [name for name, text in zip(SERVICES, answers, strict=True) if text is None]
    line = f"{len(SERVICES) - len(silent)} of {len(SERVICES)} services answer"
    return f"{line}; failed or not configured: {', '.join(silent)}" if silent else line
