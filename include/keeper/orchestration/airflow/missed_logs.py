"""Logs that could not be copied when their tasks ended: noted beside the logs until they are."""

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
        """Note a log; noting it again changes nothing."""
        self._folder.mkdir(parents=True, exist_ok=True)
        note = self._note(log)
        half = note.with_suffix(".half")
        half.write_bytes(msgspec.json.encode(log))
        # Nobody sees half a note.
        half.replace(note)

    def remove(self, log: TaskLog) -> None:
        """Forget a log, if it is noted."""
        self._note(log).unlink(missing_ok=True)

    def some(self) -> Iterator[TaskLog]:
        """Yield some of the logs, leaving out those that another process removes meanwhile."""
        for note in sorted(self._folder.glob("*.json"))[:_AT_ONCE]:
            try:
                content = note.read_bytes()
            except FileNotFoundError:
                continue
            yield msgspec.json.decode(content, type=TaskLog)

    def _note(self, log: TaskLog) -> Path:
        name = blake2b(log.file.encode(), digest_size=16).hexdigest()
        return self._folder / f"{name}.json"
