"""What the lake needs of a path, so that the same code works on a folder and on object storage."""

import gzip
import zlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol, Self, TypeVar

from keeper.errors import TerminalError, TransientError

UNREADABLE: Final = (FileNotFoundError, gzip.BadGzipFile, EOFError, zlib.error)
"""What reading a compressed file that is gone or damaged raises; any other OSError is the storage's
trouble, and says nothing about the file."""
_AT_ONCE: Final = 16
"""Requests to object storage; each takes milliseconds and hardly any work."""
_T = TypeVar("_T")


class FileStatus(Protocol):
    """What is known of a file without opening it."""

    @property
    def st_size(self) -> int:
        """Bytes."""

    @property
    def st_mtime(self) -> float:
        """When it was last written, in seconds since the epoch."""


class LakePath(Protocol):
    """What Keeper uses of a path: pathlib.Path, Airflow's ObjectStoragePath and UPath have it.

    A lake's own, of `stores.lake.storage`, raises LakeUnavailableError where its storage is in
    trouble; of the OSErrors it leaves those that are about the file.
    """

    @property
    def name(self) -> str:
        """The last part."""

    @property
    def parent(self) -> Self:
        """The folder it is in."""

    def __truediv__(self, name: str, /) -> Self:
        """Return the path of `name` below."""

    def exists(self) -> bool:
        """Return whether something is there."""

    def is_dir(self) -> bool:
        """Return whether it is a folder."""

    def iterdir(self) -> Iterable[Self]:
        """Yield what is in the folder."""

    def mkdir(self, mode: int = ..., parents: bool = ..., exist_ok: bool = ...) -> None:
        """Make the folder."""

    def read_bytes(self) -> bytes:
        """Return the content."""

    def write_bytes(self, data: bytes, /) -> int:
        """Replace the content."""

    def rename(self, target: Self, /) -> object:
        """Give the file the place of another, which it replaces; at once on a file system."""

    def stat(self) -> FileStatus:
        """Return what is known of the file."""

    def unlink(self, missing_ok: bool = ...) -> None:
        """Delete the file."""

    def rmdir(self) -> None:
        """Delete the folder, which is empty."""


class MissingFileError(TerminalError):
    """A file an earlier task should have written is not there or is damaged."""


class LakeUnavailableError(TransientError):
    """The storage the lake is on does not answer, or refuses Keeper."""


def at_once(do: Callable[[LakePath], _T], files: Iterable[LakePath]) -> list[_T]:
    """Do something with every file, many at a time, and return the results in order."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(do, files))


def remove_folder(path: LakePath) -> None:
    """Delete a folder if nothing is left in it; object storage has none to delete."""
    # On object storage rmdir() takes along what is in it.
    if path.exists() and next(iter(path.iterdir()), None) is None:
        path.rmdir()
