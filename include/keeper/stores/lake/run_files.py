"""One run's files in the lake.

Layout: `<lake>/runs/<run>/batch-NNN/` holds `plan.json`, for each raw reply a `page-NNNN.json` that
says where in the archive it is, and the checked `messages.gz`.
"""

import gzip
import json
import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final, Self, TypeVar

import msgspec

from keeper.domain.prices.detail import Detail
from keeper.domain.prices.events import Source
from keeper.domain.watches.watch import ProductToCheck
from keeper.stores.lake.archive import ArchivedReply, ReplyArchive
from keeper.stores.lake.paths import UNREADABLE, LakePath, MissingFileError

_LOG: Final = logging.getLogger(__name__)
_T = TypeVar("_T")
_MESSAGES: Final = "messages.gz"
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.-]+")


def safe_name(run_id: str) -> str:
    """Return a run id as a file name: whatever might trouble a path becomes an underscore."""
    return _UNSAFE.sub("_", run_id)


def as_json(value: object) -> bytes:
    """Return a file's content: UTF-8 without blanks; times in ISO 8601 with their offset, +00:00.

    msgspec would write Z; the files of a lake stay as they have always been.

    Raises:
        TypeError: Something in it has no form in JSON.
        ValueError: A number is infinite or none.
    """
    return json.dumps(
        value, default=_moment, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


@dataclass(frozen=True, slots=True)
class StoredPage:
    """A raw reply of the batch: its place in the order, and where in the archive it is."""

    number: int
    reply: ArchivedReply

    @property
    def domain(self) -> str:
        """The locale asked about."""
        return self.reply.domain

    @property
    def asked(self) -> tuple[str, ...]:
        """What was asked for."""
        return self.reply.asked

    @property
    def received_at(self) -> datetime:
        """When the reply had arrived."""
        return self.reply.received_at

    @property
    def tokens_consumed(self) -> int:
        """What the reply cost."""
        return self.reply.tokens_consumed

    @property
    def detail(self) -> Detail:
        """How much of products was asked for."""
        return self.reply.detail


class BatchFolder:
    """The files of one batch of a run."""

    def __init__(self, path: LakePath, archive: ReplyArchive, run_id: str) -> None:
        """Work in `path`; the run's raw replies are kept in `archive`."""
        self._path = path
        self._archive = archive
        self._run_id = run_id

    @classmethod
    def of(cls, lake: LakePath, run_id: str, batch: int) -> Self:
        """Return the folder of a batch, whether or not it exists."""
        path = lake / "runs" / safe_name(run_id) / f"batch-{batch:03d}"
        return cls(path, ReplyArchive(lake), run_id)

    @property
    def run_id(self) -> str:
        """The run."""
        return self._run_id

    @property
    def path(self) -> str:
        """Where the folder is, for people."""
        return str(self._path)

    def write_plan(self, products: Iterable[ProductToCheck]) -> None:
        """Write which products the batch holds."""
        self._path.mkdir(parents=True, exist_ok=True)
        (self._path / "plan.json").write_bytes(as_json([asdict(p) for p in products]))

    def read_plan(self) -> list[ProductToCheck]:
        """Return the products of the batch.

        Raises:
            MissingFileError: The plan is not there or damaged.
        """
        return self._read("plan.json", list[ProductToCheck])

    def write_page(
        self,
        number: int,
        body: bytes,
        *,
        endpoint: str,
        domain: str,
        asked: tuple[str, ...],
        received_at: datetime,
        tokens_consumed: int,
        source: Source,
        detail: Detail = Detail.BASIC,
    ) -> StoredPage:
        """Archive a raw reply as the batch's page `number`; see ReplyArchive.write."""
        reply = self._archive.write(
            body,
            endpoint=endpoint,
            domain=domain,
            asked=asked,
            received_at=received_at,
            tokens_consumed=tokens_consumed,
            source=source,
            run_id=self._run_id,
            detail=detail,
        )
        return self.add_page(number, reply)

    def add_page(self, number: int, reply: ArchivedReply) -> StoredPage:
        """Take a reply that is in the archive already as the batch's page `number`."""
        page = StoredPage(number, reply)
        self._path.mkdir(parents=True, exist_ok=True)
        (self._path / _page_name(number)).write_bytes(as_json(asdict(page)))
        return page

    def add_archived(self, received_from: datetime, source: Source) -> list[StoredPage]:
        """Take the newest archived replies that hold the plan's products as the batch's pages.

        A reply serves only a product of which it was asked enough for all watched price types.

        Args:
            received_from: Older replies do not serve.
            source: Only Keepa's, or only the simulator's.
        """
        asins: dict[str, dict[str, Detail]] = {}
        for product in self.read_plan():
            asins.setdefault(product.domain, {})[product.asin] = product.detail
        keys: dict[str, ArchivedReply] = {}
        for domain, wanted in asins.items():
            found = self._archive.newest_holding(
                domain, wanted, received_from=received_from, source=source
            )
            keys |= {reply.key: reply for reply in found.values()}
        return [self.add_page(number, reply) for number, reply in enumerate(keys.values())]

    def drop_pages(self) -> None:
        """Let the batch's pages go; the replies stay in the archive."""
        for page in self.pages():
            (self._path / _page_name(page.number)).unlink(missing_ok=True)

    def pages(self) -> list[StoredPage]:
        """Return the replies stored so far, in order, up to the first that is not there any more.

        Their bodies are not opened; only `read_page` checks that one is whole.
        """
        pages: list[StoredPage] = []
        while (self._path / (name := _page_name(len(pages)))).exists():
            try:
                page = self._read(name, StoredPage)
                if not self._archive.has(page.reply):
                    raise MissingFileError(f"{page.reply.key} is not in the archive")
                pages.append(page)
            except MissingFileError as error:
                # Whoever wrote it was killed, or the disk lost it: an error here would keep the
                # page from ever being fetched again.
                _LOG.warning("not counted as stored: %s", error)
                break
        return pages

    def read_page(self, page: StoredPage) -> bytes:
        """Return a stored reply as it was received.

        A damaged one is deleted, so that fetching again asks for its products again.

        Raises:
            MissingFileError: The file is gone or damaged.
        """
        try:
            return self._archive.read(page.reply)
        except MissingFileError as error:
            self._archive.forget(page.reply)
            raise MissingFileError(
                f"{error}; clear the fetch task, which asks for it again"
            ) from error

    def write_messages(self, messages: Iterable[tuple[bytes, bytes]]) -> int:
        """Write the messages to publish and return how many."""
        return self.write_packed(_MESSAGES, messages)

    def read_messages(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the (key, value) pairs to publish.

        Raises:
            MissingFileError: The check task did not leave them.
        """
        return self.read_packed(_MESSAGES)

    def write_packed(self, name: str, messages: Iterable[tuple[bytes, bytes]]) -> int:
        """Write messages as a compressed file of lines (key, tab, value); return how many."""
        lines = [key + b"\t" + value for key, value in messages]
        self.write_bytes(name, gzip.compress(b"\n".join(lines), compresslevel=3))
        return len(lines)

    def read_packed(self, name: str) -> Iterator[tuple[bytes, bytes]]:
        """Yield what `write_packed` wrote.

        Raises:
            MissingFileError: The file is gone or damaged.
        """
        for line in self._unpacked(name).splitlines():
            key, _, value = line.partition(b"\t")
            yield key, value

    def write_bytes(self, name: str, content: bytes) -> None:
        """Write a file of the batch."""
        self._path.mkdir(parents=True, exist_ok=True)
        (self._path / name).write_bytes(content)

    def read_bytes(self, name: str) -> bytes:
        """Return a file of the batch; FileNotFoundError if there is none."""
        return (self._path / name).read_bytes()

    def _unpacked(self, name: str) -> bytes:
        try:
            packed = (self._path / name).read_bytes()
            if not packed:
                raise EOFError("it is empty")
            return gzip.decompress(packed)
        except UNREADABLE as error:
            raise MissingFileError(f"{self._path / name} cannot be read: {error}") from error

    def _read(self, name: str, kind: type[_T]) -> _T:
        try:
            return msgspec.json.decode((self._path / name).read_bytes(), type=kind)
        except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MissingFileError(f"{self._path / name} cannot be read: {error}") from error


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")


def _page_name(number: int) -> str:
    return f"page-{number:04d}.json"
