"""Show what starts, what is waited for and what failed: live on a terminal, else line by line."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Literal

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

State = Literal["waiting", "running", "done", "failed", "skipped"]
_MARKS: Final[dict[State, tuple[str, str]]] = {
    "waiting": ("·", "dim"),
    "done": ("✓", "green"),
    "failed": ("✗", "bold red"),
    "skipped": ("-", "dim"),
}


@dataclass(slots=True)
class _Line:
    title: str
    state: State = "waiting"
    remark: str = ""
    began: float = 0.0
    ended: float = 0.0
    spinner: Spinner = field(default_factory=lambda: Spinner("dots", style="cyan"))

    @property
    def seconds(self) -> float:
        if not self.began:
            return 0.0
        return (self.ended or time.monotonic()) - self.began


class Progress:
    """The state of several things that happen at once; safe to use from threads."""

    def __init__(self, console: Console, titles: dict[str, str]) -> None:
        """Show `titles`, by name, in the given order."""
        self._console = console
        self._lines = {name: _Line(title) for name, title in titles.items()}
        self._lock = threading.Lock()

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Keep the display up to date while the block runs."""
        if not self._console.is_terminal:
            yield
            return
        with Live(
            console=self._console,
            get_renderable=self._render,
            refresh_per_second=8,
        ):
            yield

    def begin(self, name: str, remark: str = "") -> None:
        """Say that something began."""
        with self._lock:
            line = self._lines[name]
            line.state, line.remark, line.began = "running", remark, time.monotonic()

    def record(self, name: str, remark: str) -> None:
        """Say what is being waited for."""
        with self._lock:
            self._lines[name].remark = remark

    def end(self, name: str, state: State, remark: str = "") -> None:
        """Say how something ended."""
        with self._lock:
            line = self._lines[name]
            line.state, line.remark, line.ended = state, remark, time.monotonic()
            if not self._console.is_terminal:
                mark = _MARKS[state][0]
                seconds = f"{line.seconds:6.1f} s" if line.began else " " * 8
                text = f"{mark} {line.title:<40} {seconds}  {remark}".rstrip()
                self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _render(self) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        with self._lock:
            for line in self._lines.values():
                mark: RenderableType
                if line.state == "running":
                    mark, style = line.spinner, ""
                else:
                    symbol, style = _MARKS[line.state]
                    mark = Text(symbol, style=style)
                seconds = f"{line.seconds:.0f} s" if line.began else ""
                table.add_row(
                    mark,
                    Text(line.title, style="dim" if line.state in {"waiting", "skipped"} else ""),
                    Text(seconds, style="dim", justify="right"),
                    Text(line.remark, style="dim", no_wrap=True, overflow="ellipsis"),
                )
        return Group(table)
