"""Every command of the operator's guide exists; tests/e2e types them, all of them at night."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from keeper.cli.app import app
from tests.e2e.test_working_by_the_guide import lines_to_type

LINES = lines_to_type()
# Ends a command's words within a line of the shell.
_NEXT = {"|", "&&", ";"}


def commands(program: str) -> list[list[str]]:
    """Return the arguments of each call of a program in the guide."""
    found: list[list[str]] = []
    for line in LINES:
        words = shlex.split(line, comments=True)
        for start in (n for n, word in enumerate(words) if word == program):
            if words[start - 1 : start] == ["backup"]:
                # `keeper backup make` is no call of make.
                continue
            end = next((n for n in range(start, len(words)) if words[n] in _NEXT), len(words))
            found.append(words[start + 1 : end])
    assert found
    return found


@pytest.mark.parametrize("arguments", commands("keeper"), ids=" ".join)
def test_every_keeper_command_has_these_options(arguments: list[str]) -> None:
    # With --help nothing is run.
    assert CliRunner().invoke(app, [*arguments, "--help"]).exit_code == 0


def test_every_make_target_is_there(root: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (root / "Makefile").read_text("utf-8"), re.MULTILINE)

    assert {arguments[0] for arguments in commands("make")} <= set(targets)


def test_every_dag_it_names_is_there(root: Path) -> None:
    dags = {file.stem for file in (root / "dags").glob("*.py")}
    named = {
        word
        for arguments in commands("airflow")
        for word in arguments
        if re.fullmatch(r"\w+_\w+", word)
    }

    assert named
    assert named <= dags
