"""Airflow's task logs in Elasticsearch too, by KEEPER_TASK_LOGS.

Airflow reads this module because `[logging] logging_config_class` names LOGGING_CONFIG, which is
its own, and takes REMOTE_TASK_LOG beside it. Files stay what they are without: each is written
while its task runs, and shown as long as it is there. A copy goes to Elasticsearch each time a
process that wrote to it has ended.
"""

import glob
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from airflow.config_templates.airflow_local_settings import BASE_LOG_FOLDER, DEFAULT_LOGGING_CONFIG

from keeper.clock import utc_now
from keeper.domain.search.task_logs import TaskLog
from keeper.errors import EventsRefusedError, KeeperError
from keeper.orchestration.missed_logs import MissedLogs
from keeper.settings import load_settings

if TYPE_CHECKING:
    # Every process of Airflow imports this module, and few ever read or copy a log.
    from elasticsearch import Elasticsearch

_TIMEOUT_S: Final = 10.0
"""A task's slot is held while its log is copied."""


class TaskLogs:
    """Copies log files to Elasticsearch and reads those that are gone back from it.

    It is what Airflow calls a RemoteLogStreamIO; see airflow.logging.remote.
    """

    processors: Final[tuple[Any, ...]] = ()

    def __init__(self, folder: Path) -> None:
        """Name files by their place in `folder`, as Airflow does."""
        self._folder = folder
        self._missed = MissedLogs(folder / "not-copied")

    def upload(self, path: str, ti: Any = None) -> None:
        """Copy a task's log, and some that could not be copied before.

        Airflow calls it each time a task ends, fails or defers, and when a trigger ends. What else
        logs, as callbacks do, has no task and is not copied.

        Raises:
            KeeperError: Elasticsearch does not have all of it; Airflow says so at the end of the
                file. What Elasticsearch may take later, a later call copies.
        """
        if ti is None:
            return
        map_index = -1 if ti.map_index is None else ti.map_index
        log = TaskLog(path, ti.dag_id, ti.run_id, ti.task_id, map_index, ti.try_number)
        with _client() as client:
            try:
                self._copy(client, log)
            except EventsRefusedError:
                raise
            except KeeperError:
                self._missed.add(log)
                raise
            self._copy_missed(client)

    def _copy(self, client: "Elasticsearch", log: TaskLog) -> None:
        from keeper.stores.elasticsearch.task_log_index import write_log

        with (self._folder / log.file).open(encoding="utf-8", errors="replace") as lines:
            write_log(client, log, lines, at=utc_now())

    def _copy_missed(self, client: "Elasticsearch") -> None:
        for log in self._missed.some():
            try:
                # Refused for good are some lines only, and of a file past its retention all.
                with suppress(EventsRefusedError, FileNotFoundError):
                    self._copy(client, log)
            except KeeperError:
                return
            self._missed.remove(log)

    def stream(self, path: str, ti: Any) -> tuple[list[str], list[Iterator[str]]]:
        """Return where a log was found, and a stream of lines for each of its files.

        Of a log that is there as a file nothing is returned: Airflow reads it itself, and the copy
        may be behind it. If Elasticsearch does not answer, the first list says so.
        """
        from keeper.stores.elasticsearch.task_log_index import TASK_LOGS, files_of

        file = self._folder / path
        if any(file.parent.glob(f"{glob.escape(file.name)}*")):
            return [], []
        try:
            with _client() as client:
                files = files_of(client, path)
        except KeeperError as error:
            return [str(error)], []
        if not files:
            return [f"Neither {file} nor Elasticsearch's {TASK_LOGS} has lines of this log"], []
        return [f"{TASK_LOGS}: {name}" for name in files], [_lines(name) for name in files]


def _lines(file: str) -> Iterator[str]:
    from keeper.stores.elasticsearch.task_log_index import lines_of

    try:
        with _client() as client:
            yield from lines_of(client, file)
    except KeeperError as error:
        # The page is being sent: its last line can say what is missing, nothing else can.
        yield f"The rest of this log could not be read. {error}"


@contextmanager
def _client() -> Iterator["Elasticsearch"]:
    from keeper.orchestration.connections import elasticsearch_config

    # Of its own each time: connections do not outlive a fork.
    with replace(elasticsearch_config(), timeout_s=_TIMEOUT_S).client() as client:
        yield client


LOGGING_CONFIG: Final = DEFAULT_LOGGING_CONFIG
_IN_ELASTICSEARCH: Final = load_settings().airflow.task_logs == "elasticsearch"
REMOTE_TASK_LOG: Final = TaskLogs(Path(BASE_LOG_FOLDER)) if _IN_ELASTICSEARCH else None
# Airflow has it at hand when a task has ended, and nobody could ask for it any more.
DEFAULT_REMOTE_CONN_ID: Final = "keeper_elasticsearch" if _IN_ELASTICSEARCH else None
