"""The lake on its storage: short timeouts, and storage errors translated into Keeper's.

There is no circuit breaker here. Each task of a run is a process of its own, which ends with the
first trouble: what one has learned no other would know. So what counts is how long the first one
takes. s3fs and botocore try again one inside the other, 25 times 15 s when a server hangs, and
aiohttp, when it is to send something, waits for ever; here it is two tries and a deadline, and
Airflow tries the task again later.
"""

import re
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from keeper.errors import SettingsError
from keeper.stores.lake.paths import FileStatus, LakePath, LakeUnavailableError

_CONNECT_S: Final = 5
_ANSWER_S: Final = 15
_ATTEMPTS: Final = 2
_DEADLINE_S: Final = 60.0
"""For one file, its tries and its transfer together."""
_SLOWEST: Final = 500_000
"""Bytes a second below which the transfer of a large file is given up."""
_NAMES: Final = {"KEEPER_LAKE": "the lake", "KEEPER_BACKUPS": "the folder of backups"}
_ABOUT_THE_FILE: Final = (FileNotFoundError, IsADirectoryError)
"""What a question may end with whose storage is well; nothing that is written may."""
_T = TypeVar("_T")


def lake_at(url: str, *, setting: str = "KEEPER_LAKE", is_shared: bool = False) -> LakePath:
    """Return the lake at a URL as Airflow spells it: `file:///folder`, `s3://bucket/folder`.

    The Airflow connection that may be in front of the bucket's name does not count outside Airflow:
    there the keys and the address of the storage come from its own variables, AWS_ENDPOINT_URL say.

    Args:
        url: The URL.
        setting: The setting that says so, for errors.
        is_shared: Whether others write there while this is used, so that what is in a folder of
            object storage is asked for each time.

    Raises:
        SettingsError: Keeper cannot reach that kind of storage.
    """
    from upath import UPath

    try:
        bare = re.sub(r"^(\w+://)[^/@]*@", r"\1", url)
        path = UPath(bare, use_listings_cache=False) if is_shared else UPath(bare)
        return on_storage(path, path.fs, setting=setting)
    except (ImportError, ValueError) as error:
        raise SettingsError(
            f"{setting} is {url}, which Keeper cannot reach: {error}; "
            "for s3:// install Keeper with its extra s3"
        ) from error


def on_storage(path: LakePath, file_system: Any, *, setting: str = "KEEPER_LAKE") -> LakePath:
    """Return a path with short timeouts that translates storage errors into Keeper's.

    A server that does not answer is given up after half a minute, one that takes nothing after a
    whole one, one that refuses connections within seconds.

    What was being written when it was given up may still arrive, after what is written next: a file
    is written again with the same content only, as the lake's files are, or under another name.

    Args:
        path: The lake's root.
        file_system: What fsspec reaches it by; S3's must not have been used yet.
        setting: The setting that says where it is, for errors.
    """
    if "s3" in file_system.protocol:
        file_system.retries = 1
        file_system.config_kwargs = {
            "connect_timeout": _CONNECT_S,
            "read_timeout": _ANSWER_S,
            "retries": {"mode": "standard", "total_max_attempts": _ATTEMPTS},
        } | file_system.config_kwargs
        return _StoredPath(path, _Root(str(path), setting, _DEADLINE_S))
    return _StoredPath(path, _Root(str(path), setting, None))


def store_file(file: Path, target: LakePath) -> None:
    """Copy a file of this machine, however large, to a place of the storage."""
    if not isinstance(target, _StoredPath):
        raise TypeError("a file is copied to a storage's own path")
    target.store(file)


def fetch_file(source: LakePath, file: Path) -> None:
    """Copy a file of the storage, however large, to this machine.

    Raises:
        FileNotFoundError: There is none.
        LakeUnavailableError: The storage does not answer.
    """
    if not isinstance(source, _StoredPath):
        raise TypeError("a file is copied from a storage's own path")
    source.fetch(file)


@dataclass(frozen=True, slots=True)
class _Root:
    """What every path of a storage shares: where it begins, who says so, and for how long to wait.

    Attributes:
        url: Where it begins.
        setting: The setting that says so.
        deadline_s: How long one request may take; None on a file system.
    """

    url: str
    setting: str
    deadline_s: float | None


class _StoredPath:
    """A path that raises LakeUnavailableError where its storage is in trouble.

    Where something is asked for, FileNotFoundError and IsADirectoryError stay what they are.
    """

    def __init__(self, path: LakePath, root: _Root) -> None:
        self._path = path
        self._root = root

    def __str__(self) -> str:
        return str(self._path)

    def __truediv__(self, name: str, /) -> Self:
        return self._like(self._path / name)

    @property
    def name(self) -> str:
        return self._path.name

    @property
    def parent(self) -> Self:
        return self._like(self._path.parent)

    def exists(self) -> bool:
        return self._translated(self._path.exists)

    def is_dir(self) -> bool:
        return self._translated(self._path.is_dir)

    def iterdir(self) -> Iterable[Self]:
        # All of it now: a later request's error would not be translated here.
        return [self._like(path) for path in self._translated(lambda: list(self._path.iterdir()))]

    def mkdir(
        self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False
    ) -> None:  # as pathlib has it
        self._translated(lambda: self._path.mkdir(mode, parents, exist_ok), but=())

    def read_bytes(self) -> bytes:
        return self._translated(self._path.read_bytes)

    def write_bytes(self, data: bytes, /) -> int:
        return self._translated(lambda: self._path.write_bytes(data), but=())

    def rename(self, target: Self, /) -> object:
        return self._translated(lambda: self._path.rename(target._path), but=())

    def stat(self) -> FileStatus:
        return self._translated(self._path.stat)

    def unlink(self, missing_ok: bool = False) -> None:  # as pathlib has it
        self._translated(lambda: self._path.unlink(missing_ok))

    def rmdir(self) -> None:
        self._translated(self._path.rmdir)

    def store(self, file: Path) -> None:
        size = file.stat().st_size
        stored: Any = self._path
        self._translated(lambda: stored.fs.put_file(str(file), stored.path), but=(), size=size)

    def fetch(self, file: Path) -> None:
        size = self.stat().st_size
        stored: Any = self._path
        self._translated(lambda: stored.fs.get_file(stored.path, str(file)), size=size)

    def _like(self, path: LakePath) -> Self:
        return type(self)(path, self._root)

    def _translated(
        self,
        ask: Callable[[], _T],
        *,
        but: tuple[type[OSError], ...] = _ABOUT_THE_FILE,
        size: int = 0,
    ) -> _T:
        deadline_s = self._root.deadline_s
        try:
            return ask() if deadline_s is None else _within(deadline_s + size / _SLOWEST, ask)
        except but:
            raise
        except _storage_errors() as error:
            raise LakeUnavailableError(
                f"{_NAMES[self._root.setting]} at {self._root.url} cannot be used: {error}; check "
                f"that its storage runs, and {self._root.setting}"
            ) from error


def _within(seconds: float, ask: Callable[[], _T]) -> _T:
    """Return what `ask` does, or leave it behind: a thread of its own does not keep the process."""
    answer: Future[_T] = Future()

    def work() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:  # noqa: BLE001  # it is raised where it is waited for
            answer.set_exception(error)

    threading.Thread(target=work, name="lake", daemon=True).start()
    try:
        return answer.result(seconds)
    except TimeoutError:
        if answer.done():
            raise
        raise TimeoutError(f"no answer within {seconds:g} s") from None


def _storage_errors() -> tuple[type[Exception], ...]:
    try:
        from botocore.exceptions import BotoCoreError
    except ImportError:
        return (OSError,)
    return (OSError, BotoCoreError)
