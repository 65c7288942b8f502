"""What Supervisor runs: descriptions of programs and the files made from them."""

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template
from typing import Any, Final

from stack.layout import Layout, write_private

# In the environment of every process the stack starts, so that `down` finds strays.
MARK: Final = "KEEPER_STACK_PROGRAM"
_CONFIG: Final = Path(__file__).with_name("config")


@dataclass(frozen=True, slots=True)
class Program:
    """One long-running process.

    Attributes:
        name: Its name in Supervisor and of its log.
        argv: The command.
        env: Variables it gets beside the inherited ones.
        directory: Its working directory.
        bare: Whether it inherits nothing but PATH and locale; for servers that need no secrets.
        stop_signal: The signal that ends it in an orderly way.
        stop_seconds: How long that may take before it is killed.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    directory: str
    bare: bool = False
    stop_signal: str = "TERM"
    stop_seconds: int = 20


def mark_of(layout: Layout, program: str) -> str:
    """Return the value of the mark in the environment of a program of this home."""
    return f"{layout.home}:{program}"


def write_program(layout: Layout, program: Program) -> None:
    """Write the file the launcher reads; private, for it holds passwords."""
    description = asdict(program)
    description["env"] = dict(program.env) | {MARK: mark_of(layout, program.name)}
    write_private(
        layout.programs / f"{program.name}.json",
        json.dumps(description, indent=1, sort_keys=True) + "\n",
    )


def forget_program(layout: Layout, name: str) -> None:
    """Take a program out of the stack."""
    (layout.programs / f"{name}.json").unlink(missing_ok=True)


def known_programs(layout: Layout) -> list[str]:
    """Return the names of the programs this home has been given so far."""
    return sorted(path.stem for path in layout.programs.glob("*.json"))


def render_supervisor_config(layout: Layout, socket: Path, user: str | None) -> str:
    """Return Supervisor's configuration for all programs of this home.

    A program's section changes when its description does, so that Supervisor sees which of them
    have to be restarted.

    Args:
        layout: The home.
        socket: Where Supervisor listens.
        user: "root" to confirm that running as root is meant; None otherwise.
    """
    head = Template((_CONFIG / "supervisord.conf").read_text(encoding="utf-8"))
    section = Template((_CONFIG / "supervisord.program.conf").read_text(encoding="utf-8"))
    parts = [
        head.substitute(
            socket=_escaped(socket),
            log=_escaped(layout.log_of("supervisord")),
            pidfile=_escaped(layout.run / "supervisord.pid"),
            childlogdir=_escaped(layout.logs),
            user=f"user={user}" if user else "",
        )
    ]
    for name in known_programs(layout):
        path = layout.programs / f"{name}.json"
        text = path.read_text(encoding="utf-8")
        program: dict[str, Any] = json.loads(text)
        parts.append(
            section.substitute(
                name=name,
                python=_escaped(sys.executable),
                launcher=_escaped(Path(__file__).with_name("launch.py")),
                description=_escaped(path),
                digest=hashlib.sha256(text.encode()).hexdigest()[:16],
                log=_escaped(layout.log_of(name)),
                stop_signal=program["stop_signal"],
                stop_seconds=program["stop_seconds"],
            )
        )
    return "\n".join(parts)


def render_config(name: str, **values: object) -> str:
    """Fill in one of the templates in `stack/config`."""
    return Template((_CONFIG / name).read_text(encoding="utf-8")).substitute(
        {key: str(value) for key, value in values.items()}
    )


def _escaped(path: Path | str) -> str:
    # Supervisor expands %(…)s everywhere.
    return str(path).replace("%", "%%")
