"""Show the programs' logs, each line under its program's name."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stack.commands import last_lines
from stack.errors import StackError
from stack.layout import Layout


def log_files(
    layout: Layout, words: Sequence[str], groups: Mapping[str, Sequence[str]]
) -> dict[str, Path]:
    """Return the logs of programs, or all there are.

    Args:
        layout: Where the logs lie.
        words: Programs, or groups, of which those that have a log are meant; none for all.
        groups: The programs of each group.

    Raises:
        StackError: A program has no log; the sentence names those that do.
    """
    there = {path.stem: path for path in sorted(layout.logs.glob("*.log"))}
    programs = [
        name
        for word in words
        for name in ([word] if word in there else _with_logs(groups.get(word, ()), there) or [word])
    ]
    missing = [name for name in programs if name not in there]
    if missing:
        known = ", ".join(there) or "none yet"
        raise StackError(f"There is no log of {', '.join(missing)}; there are: {known}.")
    return {name: there[name] for name in programs} if programs else there


def _with_logs(names: Sequence[str], there: Mapping[str, Path]) -> list[str]:
    return [name for name in names if name in there]


def show_logs(files: dict[str, Path], lines: int, write: Callable[[str, str], None]) -> None:
    """Write the last lines of each log."""
    for name, path in files.items():
        for line in last_lines(path, lines):
            write(name, line)


def follow_logs(files: dict[str, Path], write: Callable[[str, str], None]) -> None:
    """Write new lines as they come, until interrupted; follows rotation."""
    followers = [_Follower(name, path) for name, path in files.items()]
    while True:
        grown = [follower.read(write) for follower in followers]
        if not any(grown):
            time.sleep(0.3)


@dataclass(slots=True)
class _Follower:
    name: str
    path: Path
    position: int = -1
    inode: int = 0
    rest: str = ""

    def read(self, write: Callable[[str, str], None]) -> bool:
        """Write what is new and return whether there was anything."""
        try:
            with self.path.open("rb") as file:
                status = self.path.stat()
                if self.position < 0:
                    self.position, self.inode = status.st_size, status.st_ino
                if status.st_ino != self.inode or status.st_size < self.position:
                    self.position, self.inode = 0, status.st_ino
                file.seek(self.position)
                fresh = file.read(1024 * 1024)
        except FileNotFoundError:
            return False
        self.position += len(fresh)
        *whole, self.rest = (self.rest + fresh.decode("utf-8", "replace")).split("\n")
        for line in whole:
            write(self.name, line)
        return bool(fresh)
