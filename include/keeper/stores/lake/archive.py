"""Every raw reply Keepa was paid for, kept for as long as the retention says.

Layout: `<lake>/replies/endpoint=product/domain=us/day=2026-03-01/` holds for each reply a body
`<time>-<hash>.json.gz` and a manifest entry `<time>-<hash>.entry.json`. The body is written first
and the entry last, so that an entry never names a body that is not there; object storage cannot
append, so each reply has an entry of its own. Days are of `received_at` in UTC.
"""

import gzip
import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Final

import msgspec

from keeper.domain.prices.detail import Detail
from keeper.domain.prices.events import Source
from keeper.stores.lake.paths import (
    UNREADABLE,
    LakePath,
    MissingFileError,
    at_once,
    remove_folder,
)

_LOG: Final = logging.getLogger(__name__)
_ENTRY: Final = ".entry.json"
_BODY: Final = ".json.gz"
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ArchivedReply:
    """One reply's manifest entry.

    Attributes:
        key: Where the body lies, from the lake's root.
        endpoint: Keepa's name of it: product, deal, bestsellers, query.
        domain: Keeper's locale name.
        asked: The ASINs, or what else says what was asked: a filter and a page, a category.
        received_at: When the last byte arrived, by Keeper's clock.
        tokens_consumed: What Keepa says it cost.
        source: Keepa or its simulator.
        run_id: The run that asked.
        bytes: Size of the uncompressed body.
        sha256: Of the uncompressed body, in hexadecimal.
        detail: How much of products was asked for. Entries without it are of basic requests.
    """

    key: str
    endpoint: str
    domain: str
    asked: tuple[str, ...]
    received_at: datetime
    tokens_consumed: int
    source: Source
    run_id: str
    bytes: int
    sha256: str
    detail: Detail = Detail.BASIC


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was, or in a dry run would be, deleted: replies, and the bytes their files take."""

    replies: int
    bytes: int


class ReplyArchive:
    """The replies below one lake. Several processes may write at once."""

    def __init__(self, lake: LakePath) -> None:
        """Keep replies below `lake`."""
        self._lake = lake

    def write(
        self,
        body: bytes,
        *,
        endpoint: str,
        domain: str,
        asked: tuple[str, ...],
        received_at: datetime,
        tokens_consumed: int,
        source: Source,
        run_id: str,
        detail: Detail = Detail.BASIC,
    ) -> ArchivedReply:
        """Keep a reply; keeping the same one again changes nothing."""
        digest = sha256(body).hexdigest()
        moment = received_at.astimezone(UTC)
        folder = ("replies", f"endpoint={endpoint}", f"domain={domain}", f"day={moment:%Y-%m-%d}")
        name = f"{moment:%H%M%S%f}-{digest[:12]}"
        reply = ArchivedReply(
            key="/".join((*folder, name + _BODY)),
            endpoint=endpoint,
            domain=domain,
            asked=asked,
            received_at=moment,
            tokens_consumed=tokens_consumed,
            source=source,
            run_id=run_id,
            bytes=len(body),
            sha256=digest,
            detail=detail,
        )
        path = self._path(*folder)
        path.mkdir(parents=True, exist_ok=True)
        (path / (name + _BODY)).write_bytes(gzip.compress(body, compresslevel=3, mtime=0))
        (path / (name + _ENTRY)).write_bytes(msgspec.json.encode(reply))
        return reply

    def has(self, reply: ArchivedReply) -> bool:
        """Return whether the reply's body is there; only `read` checks that it is whole."""
        return self._path(*reply.key.split("/")).exists()

    def read(self, reply: ArchivedReply) -> bytes:
        """Return a reply's body exactly as it was received.

        Raises:
            MissingFileError: It is gone or damaged.
            LakeUnavailableError: The storage could not be asked; the reply may be whole.
        """
        path = self._path(*reply.key.split("/"))
        try:
            body = gzip.decompress(path.read_bytes())
        except UNREADABLE as error:
            raise MissingFileError(f"{path} cannot be read: {error}") from error
        if sha256(body).hexdigest() != reply.sha256:
            raise MissingFileError(f"{path} is damaged: its content is not what was written")
        return body

    def forget(self, reply: ArchivedReply) -> None:
        """Delete a reply that has turned out to be damaged, so that it is fetched again."""
        path = self._path(*reply.key.split("/"))
        for file in (path.parent / (path.name.removesuffix(_BODY) + _ENTRY), path):
            file.unlink(missing_ok=True)

    def replies(
        self,
        endpoint: str,
        *,
        domains: Collection[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        source: Source | None = None,
    ) -> Iterator[ArchivedReply]:
        """Yield the replies of an endpoint received in [since, until), oldest first.

        Only days within are looked at. What is no manifest entry is passed over with a warning.
        """
        partitions = self._partitions(endpoint, domains, since, until)
        for _, days in _by_day(partitions):
            found = [reply for day in days for reply in self._entries(day)]
            for reply in sorted(found, key=lambda reply: (reply.received_at, reply.key)):
                if _is_within(reply, since, until) and source in (None, reply.source):
                    yield reply

    def newest_holding(
        self,
        domain: str,
        asins: Mapping[str, Detail],
        *,
        received_from: datetime,
        received_until: datetime | None = None,
        source: Source | None = None,
        passing_over: Collection[str] = (),
    ) -> dict[str, ArchivedReply]:
        """Return the newest /product reply that was asked for each ASIN, by ASIN.

        Args:
            domain: The locale.
            asins: The products, each with the least that must have been asked of it; those without
                such a reply are missing from the result.
            received_from: Older replies do not count.
            received_until: Nor do replies of this moment or later.
            source: Keepa's replies or the simulator's, None for either.
            passing_over: Keys of replies that do not count.
        """
        missing = set(asins)
        found: dict[str, ArchivedReply] = {}
        days = sorted(
            self._partitions("product", (domain,), received_from, received_until), reverse=True
        )
        for _, day in days:
            if not missing:
                break
            entries = sorted(self._entries(day), key=lambda reply: reply.received_at)
            for reply in reversed(entries):
                if reply.key in passing_over or source not in (None, reply.source):
                    continue
                if not _is_within(reply, received_from, received_until):
                    continue
                for asin in missing.intersection(reply.asked):
                    if reply.detail.brings(asins[asin]):
                        found[asin] = reply
                        missing.discard(asin)
        return found

    def prune(self, before: datetime, *, dry_run: bool) -> Pruned:
        """Delete the replies of days that ended before a moment; nothing newer is touched.

        Nor is a file that is none of the archive's.

        Args:
            before: Only whole days before it go.
            dry_run: Only count.
        """
        replies = size = 0
        last = before.astimezone(UTC).date() - _DAY
        for endpoint in self.endpoints():
            for day, path in self._partitions(endpoint, None, None, None):
                if day > last:
                    continue
                files = list(path.iterdir())
                entries = [file for file in files if file.name.endswith(_ENTRY)]
                bodies = [file for file in files if file.name.endswith(_BODY)]
                replies += len(entries)
                size += sum(at_once(lambda file: file.stat().st_size, (*entries, *bodies)))
                if not dry_run:
                    # What is left of an interrupted deletion is never believed.
                    for kind in (entries, bodies):
                        at_once(lambda file: file.unlink(missing_ok=True), kind)
                    remove_folder(path)
        return Pruned(replies, size)

    def endpoints(self) -> list[str]:
        """Return the endpoints there are replies of."""
        return sorted(self._folders(self._path("replies"), "endpoint="))

    def _path(self, *names: str) -> LakePath:
        path = self._lake
        for name in names:
            path = path / name
        return path

    def _partitions(
        self,
        endpoint: str,
        domains: Collection[str] | None,
        since: datetime | None,
        until: datetime | None,
    ) -> Iterator[tuple[date, LakePath]]:
        root = self._path("replies", f"endpoint={endpoint}")
        first = since.astimezone(UTC).date() if since else date.min
        last = until.astimezone(UTC).date() if until else date.max
        for domain in self._folders(root, "domain="):
            if domains is not None and domain not in domains:
                continue
            folder = root / f"domain={domain}"
            for name in self._folders(folder, "day="):
                try:
                    day = date.fromisoformat(name)
                except ValueError:
                    _LOG.warning("%s/day=%s is no day of replies and is passed over", folder, name)
                    continue
                if first <= day <= last:
                    yield day, folder / f"day={name}"

    def _folders(self, path: LakePath, prefix: str) -> list[str]:
        if not path.exists():
            return []
        names = {entry.name for entry in path.iterdir()}
        return sorted(name.removeprefix(prefix) for name in names if name.startswith(prefix))

    def _entries(self, day: LakePath) -> list[ArchivedReply]:
        files = [file for file in day.iterdir() if file.name.endswith(_ENTRY)]
        return [reply for reply in at_once(_entry, files) if reply is not None]


def _entry(file: LakePath) -> ArchivedReply | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=ArchivedReply)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        _LOG.warning("%s is no manifest entry and is passed over: %s", file, error)
        return None


def _by_day(
    partitions: Iterator[tuple[date, LakePath]],
) -> Iterator[tuple[date, list[LakePath]]]:
    days: dict[date, list[LakePath]] = {}
    for day, path in partitions:
        days.setdefault(day, []).append(path)
    yield from sorted(days.items())


def _is_within(reply: ArchivedReply, since: datetime | None, until: datetime | None) -> bool:
    if since is not None and reply.received_at < since:
        return False
    return until is None or reply.received_at < until
