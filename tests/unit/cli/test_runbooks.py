"""The commands that the runbooks say to type: each is there, and takes what is typed."""

import re
import shlex
from typing import Final

import click
import pytest

from tests.commands import COMMANDS
from tests.services import ROOT

RUNBOOKS: Final = (ROOT / "docs" / "RUNBOOKS.md").read_text("utf-8")


def typed(program: str) -> list[str]:
    """Return the command lines of a program, which may be broken in two."""
    found = re.findall(rf"`({program} [^`]+)`", RUNBOOKS)
    return sorted({" ".join(line.split()).replace("…", "2h") for line in found})


@pytest.mark.parametrize("line", typed("keeper"))
def test_each_command_of_keepers_is_read_as_it_is_typed(line: str) -> None:
    words = shlex.split(line)[1:]
    commands = [tuple(words[:end]) for end in range(len(words), 0, -1)]
    known = next((command for command in commands if command in COMMANDS), None)
    assert known is not None, f"{line} is no command"
    try:
        COMMANDS[known].make_context(line, words[len(known) :])
    except click.exceptions.NoArgsIsHelpError:
        pytest.fail(f"{line} lacks its arguments")


@pytest.mark.parametrize("line", typed("make"))
def test_each_target_of_make_is_there(line: str) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert shlex.split(line)[1] in targets


def test_there_are_such_commands() -> None:
    assert len(typed("keeper")) > 10
    assert len(typed("make")) > 4
