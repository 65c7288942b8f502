"""A batch's older price points on their way to `price-backfill`, in files of a bounded size.

A watch list's first check brings millions of points; no file, and so no task, ever holds them all.
`history.json` is written last and says how many files belong to it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from keeper.stores.lake.paths import MissingFileError
from keeper.stores.lake.run_files import BatchFolder

SeriesKey = tuple[str, str, str]
"""ASIN, domain and price type."""
Messages = list[tuple[bytes, bytes]]
_MANIFEST: Final = "history.json"


@dataclass(frozen=True, slots=True)
class HistoryManifest:
    """What the files hold.

    Attributes:
        files: How many.
        messages: In all of them.
        whole: Series of which these are the whole history.
    """

    files: int = 0
    messages: int = 0
    whole: tuple[SeriesKey, ...] = ()


class HistoryFiles:
    """The history of one batch."""

    def __init__(self, folder: BatchFolder) -> None:
        """Keep files beside the batch's others."""
        self._folder = folder

    def write(self, number: int, messages: Messages) -> None:
        """Write file `number`, counted from 0; writing it again replaces it."""
        self._folder.write_packed(_name(number), messages)

    def close(self, manifest: HistoryManifest) -> None:
        """Say that the files are complete."""
        self._folder.write_bytes(_MANIFEST, msgspec.json.encode(manifest))

    def manifest(self) -> HistoryManifest:
        """Return what there is; nothing for a batch without history."""
        try:
            content = self._folder.read_bytes(_MANIFEST)
        except FileNotFoundError:
            return HistoryManifest()
        try:
            return msgspec.json.decode(content, type=HistoryManifest)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            path = f"{self._folder.path}/{_MANIFEST}"
            raise MissingFileError(f"{path} is damaged: {error}") from error

    def read(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield every (key, value), file by file.

        Raises:
            MissingFileError: A file is gone or damaged.
        """
        for number in range(self.manifest().files):
            yield from self._folder.read_packed(_name(number))


def _name(number: int) -> str:
    return f"history-{number:04d}.gz"
