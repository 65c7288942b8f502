"""What is made of known holes: which count, which are left for now, and until when."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from stack.errors import StackError


@dataclass(frozen=True, slots=True)
class Hole:
    """A known hole of a package that Keeper has.

    Attributes:
        package: Its name.
        version: The one that Keeper has.
        ids: All names of the hole.
        remedy: What helps, as the advisory says.
    """

    package: str
    version: str
    ids: tuple[str, ...]
    remedy: str


@dataclass(frozen=True, slots=True)
class Leave:
    """A hole that is left for now.

    Attributes:
        id: One of the hole's names.
        package: Where it is.
        until: The last day on which it fails nothing.
        reason: Why it does no harm here, or why nothing can be done yet.
    """

    id: str
    package: str
    until: date
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found, a line each, and whether it fails."""

    lines: tuple[str, ...]
    is_failed: bool


def read_exceptions(file: Path) -> list[Leave]:
    """Return the holes that are left for now.

    Raises:
        StackError: An entry lacks one of its four values, or has others.
    """
    entries = tomllib.loads(file.read_text(encoding="utf-8")).get("exception", [])
    found = []
    for entry in entries:
        try:
            leave = Leave(**entry)
        except TypeError:
            raise StackError(
                f"{file.name}: {entry} must have id, package, until and reason, and no more"
            ) from None
        # TOML's own date; what is quoted would be compared as a text.
        if type(leave.until) is not date or not leave.reason.strip():
            raise StackError(f"{file.name}: {leave.id}: until is a date, reason a sentence")
        found.append(leave)
    return found


def evaluate(holes: Iterable[Hole], exceptions: Sequence[Leave], today: date) -> Verdict:
    """Hold holes against those that are left for now.

    An exception counts until its day. One that meets no hole is named, for it can go.
    """
    lines, is_failed, used = [], False, set()
    for hole in holes:
        line = f"{hole.package} {hole.version}: {', '.join(hole.ids)}: {hole.remedy}"
        leave = next(
            (one for one in exceptions if one.package == hole.package and one.id in hole.ids), None
        )
        if leave is None:
            lines.append(line)
            is_failed = True
            continue
        used.add(leave)
        if today > leave.until:
            lines.append(f"{line} (left until {leave.until}, which has passed)")
            is_failed = True
        else:
            lines.append(f"{line} (left until {leave.until}: {leave.reason})")
    lines += [
        f"{one.package}: {one.id} is left until {one.until} and not there: take it out"
        for one in exceptions
        if one not in used
    ]
    return Verdict(tuple(lines), is_failed)
