"""Uploads the write-ahead log that is received on this machine to object storage.

A segment goes there once it is full, and then leaves this machine, but for the newest one, by which
pg_receivewal knows where it goes on. The one that is being written goes every minute if it has
changed, without its unwritten end, so that object storage is a minute behind at most.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from keeper.pipeline.backups import manifest as manifests
from keeper.pipeline.backups.place import BackupPlace
from keeper.stores.lake.paths import LakePath
from keeper.stores.postgres.backups.wal import PARTIAL, segments_in, shortened

_PARTIAL_EVERY_S: Final = 60.0


@dataclass(slots=True)
class LogShipper:
    """Brings one log to object storage; does nothing where it is received into its place.

    Attributes:
        place: Where the backups are.
        log: The log's name.
        monotonic: The time, in seconds.
    """

    place: BackupPlace
    log: str
    monotonic: Callable[[], float] = time.monotonic
    _shipped: dict[str, tuple[int, int]] = field(default_factory=dict)
    _partial_due: float = 0.0

    def ship(self, *, is_last: bool = False) -> None:
        """Upload what has come since.

        Args:
            is_last: Whether nothing more comes, so that the beginning of a segment goes at once.

        Raises:
            LakeUnavailableError: The storage does not answer; what has come stays here.
        """
        if not self.place.is_remote:
            return
        target = manifests.wal_of(self.place.root, self.log)
        parts = [Path(str(part)) for part in manifests.parts_of_wal(self.place.work, self.log)]
        for file in [file for part in parts for file in part.glob("*.history")]:
            self._upload(file, target / file.name)
        segments = segments_in(parts)
        whole = [segment for segment in segments if not segment.is_partial]
        for segment in whole:
            file = Path(str(segment.file))
            self._upload(file, target / file.name)
            (target / f"{file.name}{PARTIAL}").unlink(missing_ok=True)
            if segment != whole[-1]:
                file.unlink()
        if is_last or self.monotonic() >= self._partial_due:
            self._partial_due = self.monotonic() + _PARTIAL_EVERY_S
            for segment in [segment for segment in segments if segment.is_partial]:
                file = Path(str(segment.file))
                # Full by now, it has lost its ending and goes up whole next time.
                with suppress(FileNotFoundError):
                    self._upload(file, target / file.name)

    def _upload(self, file: Path, target: LakePath) -> None:
        status = file.stat()
        seen = (status.st_mtime_ns, status.st_size)
        if self._shipped.get(file.name) == seen:
            return
        content = file.read_bytes()
        target.write_bytes(shortened(content) if file.suffix == PARTIAL else content)
        self._shipped[file.name] = seen
