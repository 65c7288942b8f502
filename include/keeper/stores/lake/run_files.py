"""One run's files in the lake.

Layout: `<lake>/runs/<run>/batch-NNN/` holds `plan.json`, the raw replies `page-NNNN.json.gz` with
their `page-NNNN.meta.json`, and the checked `messages.gz`. Paths come from
outside as any object with pathlib's reading and writing methods, so that the same code works on a
folder and on object storage.
"""

import gzip
import logging
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final, Protocol, Self, TypeVar

import msgspec
import orjson

from keeper.domain.watches import ProductToCheck
from keeper.errors import TerminalError

_LOG: Final = logging.getLogger(__name__)
_T = TypeVar("_T")
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.-]+")


class LakePath(Protocol):
    """What Keeper needs of a path: pathlib.Path and Airflow's ObjectStoragePath both have it."""

    def __truediv__(self, name: str, /) -> Self:
        """Return the path of `name` below."""

    def exists(self) -> bool:
        """Tell whether something is there."""

    def mkdir(self, mode: int = ..., parents: bool = ..., exist_ok: bool = ...) -> None:
        """Make the folder."""

    def read_bytes(self) -> bytes:
        """Return the content."""

    def write_bytes(self, data: bytes, /) -> int:
        """Replace the content."""


def safe_name(run_id: str) -> str:
    """Return a run id as a file name: whatever might trouble a path becomes an underscore."""
    return _UNSAFE.sub("_", run_id)


class MissingFileError(TerminalError):
    """A file an earlier task should have written is not there or is damaged."""


@dataclass(frozen=True, slots=True)
class StoredPage:
    """What is known of a stored raw reply without opening it."""

    number: int
    domain: str
    asked: tuple[str, ...]
    received_at: datetime
    tokens_consumed: int


class BatchFolder:
    """The files of one batch of a run."""

    def __init__(self, path: LakePath) -> None:
        """Work in `path`."""
        self._path = path

    @classmethod
    def of(cls, lake: LakePath, run_id: str, batch: int) -> Self:
        """Return the folder of a batch, whether or not it exists."""
        return cls(lake / "runs" / safe_name(run_id) / f"batch-{batch:03d}")

    @property
    def path(self) -> str:
        """Where the folder is, for people."""
        return str(self._path)

    def write_plan(self, products: Iterable[ProductToCheck]) -> None:
        """Write which products the batch holds."""
        self._path.mkdir(parents=True, exist_ok=True)
        (self._path / "plan.json").write_bytes(orjson.dumps([asdict(p) for p in products]))

    def read_plan(self) -> list[ProductToCheck]:
        """Return the products of the batch.

        Raises:
            MissingFileError: The plan is not there or damaged.
        """
        return self._read("plan.json", list[ProductToCheck])

    def write_page(self, page: StoredPage, body: bytes) -> None:
        """Store a raw reply; it counts as stored once its description is written, which is last."""
        self._path.mkdir(parents=True, exist_ok=True)
        name = f"page-{page.number:04d}"
        (self._path / f"{name}.json.gz").write_bytes(gzip.compress(body, compresslevel=3))
        (self._path / f"{name}.meta.json").write_bytes(orjson.dumps(asdict(page)))

    def pages(self) -> list[StoredPage]:
        """Return the replies stored so far, in order, up to the first that is damaged."""
        pages: list[StoredPage] = []
        while (self._path / (name := f"page-{len(pages):04d}.meta.json")).exists():
            try:
                page = self._read(name, StoredPage)
                self.read_page(page)
                pages.append(page)
            except MissingFileError as error:
                # Whoever wrote it was killed, or the disk lost it: an error here would keep the
                # page from ever being fetched again.
                _LOG.warning("not counted as stored: %s", error)
                break
        return pages

    def read_page(self, page: StoredPage) -> bytes:
        """Return a stored reply as it was received.

        Raises:
            MissingFileError: The file is gone or damaged.
        """
        return self._unpacked(f"page-{page.number:04d}.json.gz")

    def write_messages(self, messages: Iterable[tuple[bytes, bytes]]) -> int:
        """Write the messages to publish, as lines of key, tab, value; return how many."""
        lines = [key + b"\t" + value for key, value in messages]
        packed = gzip.compress(b"\n".join(lines), compresslevel=3)
        self._path.mkdir(parents=True, exist_ok=True)
        (self._path / "messages.gz").write_bytes(packed)
        return len(lines)

    def read_messages(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the (key, value) pairs to publish.

        Raises:
            MissingFileError: The check task did not leave them.
        """
        for line in self._unpacked("messages.gz").splitlines():
            key, _, value = line.partition(b"\t")
            yield key, value

    def _unpacked(self, name: str) -> bytes:
        try:
            packed = (self._path / name).read_bytes()
            if not packed:
                raise EOFError("it is empty")
            return gzip.decompress(packed)
        except (OSError, EOFError, zlib.error) as error:
            raise MissingFileError(f"{self._path / name} cannot be read: {error}") from error

    def _read(self, name: str, kind: type[_T]) -> _T:
        try:
            return msgspec.json.decode((self._path / name).read_bytes(), type=kind)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MissingFileError(f"{self._path / name} cannot be read: {error}") from error
