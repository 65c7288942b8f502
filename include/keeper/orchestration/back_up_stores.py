"""The tasks of `back_up_stores`: a backup is asked for, waited for, and looked at.

No task makes it: PostgreSQL's programs and a login that may copy the whole server belong to the
worker `keeper backup on-request` alone.
"""

from collections.abc import Mapping
from typing import Any, Final

from airflow.sdk import TriggerRule
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.types import RuntimeTaskInstanceProtocol

from keeper.clock import utc_now
from keeper.errors import SettingsError, TerminalError
from keeper.orchestration.airflow.connections import database
from keeper.orchestration.airflow.operators import task
from keeper.orchestration.runs.summaries import conclude
from keeper.orchestration.waits.requests import WaitForRequest
from keeper.settings import load_settings

CLAIMED_WITHIN_S: Final = 900.0
"""A worker that runs takes a request within seconds, if it does not make another backup."""
ENDED_WITHIN_S: Final = 6 * 3600.0


class UnsoundBackupError(TerminalError):
    """The backup was made, and something is wrong with it, or with those there are."""


@task
def ask_for_backup() -> int:
    """Ask for a backup; return the number of the request.

    Raises:
        AirflowSkipException: Nothing says where backups go.
    """
    from keeper.pipeline.backups.place import place_of
    from keeper.pipeline.requests.ask_backup import ask_for_backup

    settings = load_settings()
    try:
        place_of(settings)
    except SettingsError as error:
        raise AirflowSkipException(str(error)) from None
    operator = settings.people.operator_email
    with database() as connection:
        return ask_for_backup(connection, operator=operator, origin="back_up_stores", at=utc_now())


def wait_for_backup(request_id: Any) -> WaitForRequest:
    """Return the task that waits until the backup is made; its result is what became of it.

    Args:
        request_id: What ask_for_backup returned.
    """
    return WaitForRequest(
        task_id="wait_for_backup",
        request_id=request_id,
        worker="keeper backup on-request",
        claimed_within_s=CLAIMED_WITHIN_S,
        ended_within_s=ENDED_WITHIN_S,
    )


@task(trigger_rule=TriggerRule.ALL_DONE, retries=1)
def summarise(made: dict[str, Any] | None, ti: RuntimeTaskInstanceProtocol) -> str:
    """End the run with its line, or fail where a task did or the backup is not sound.

    Raises:
        UnsoundBackupError: Says what is wrong, and what to do.
    """
    line = conclude(ti, backup_line(made))
    if made is not None and made["problems"]:
        raise UnsoundBackupError("\n".join(made["problems"]))
    return line


def backup_line(made: Mapping[str, Any] | None) -> str:
    """Return the line of `back_up_stores`."""
    if made is None:
        return "no backup was made"
    left_out = "; ".join(made["left_out"]) or "nothing"
    return (
        f"{made['name']}, a {made['of']}, {made['bytes'] / 1e6:,.1f} MB; moments from "
        f"{made['restores_from']} to {made['restores_until'] or 'none'} can be restored; "
        f"{made['pruned_backups']} backups past their retention deleted, "
        f"{made['pruned_bytes'] / 1e6:,.1f} MB; left out: {left_out}"
    )
