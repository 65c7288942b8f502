"""Logs that could not be copied when their tasks ended: recorded until they are copied."""

from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec

from keeper.domain.search.task_logs import TaskLog

_AT_ONCE: Final = 50
"""Whoever copies them holds a task's slot meanwhile."""


class MissedLogs:
    """A folder with a small file for each; several processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        """Keep the notes in `folder`, which is made when there is one to keep."""
        self._folder = folder

    def add(self, log: TaskLog) -> None:
        """Record a log; recording it again changes nothing."""
        self._folder.mkdir(parents=True, exist_ok=True)
        record = self._file_of(log)
        half = record.with_suffix(".half")
        half.write_bytes(msgspec.json.encode(log))
        # Nobody sees half a record.
        half.replace(record)

    def remove(self, log: TaskLog) -> None:
        """Forget a log, if it is recorded."""
        self._file_of(log).unlink(missing_ok=True)

    def some(self) -> Iterator[TaskLog]:
        """Yield some of the logs, leaving out those that another process removes meanwhile."""
        for record in sorted(self._folder.glob("*.json"))[:_AT_ONCE]:
            try:
                content = record.read_bytes()
            except FileNotFoundError:
                continue
            yield msgspec.json.decode(content, type=TaskLog)

    def _file_of(self, log: TaskLog) -> Path:
        name = blake2b(log.file.encode(), digest_size=16).hexdigest()
        return self._folder / f"{name}.json"
