"""The commands there are, found by walking the tree of commands."""

from collections.abc import Iterator
from typing import Final

from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from keeper.cli.app import app


def _walk(
    group: TyperGroup, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], TyperCommand]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _walk(command, (*path, name))
        elif isinstance(command, TyperCommand):
            yield (*path, name), command


def _commands() -> dict[tuple[str, ...], TyperCommand]:
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    return dict(_walk(root))


COMMANDS: Final = _commands()
"""By the words that call them, without `keeper`."""


def options_of(words: tuple[str, ...]) -> dict[str, list[str]]:
    """Return the options of a command by their parameters, each with all its names."""
    return {
        parameter.name or "": parameter.opts
        for parameter in COMMANDS[words].params
        if parameter.param_type_name == "option"
    }


def taking(option: str) -> list[tuple[str, ...]]:
    """Return the commands that take an option."""
    return [
        words for words in COMMANDS if any(option in names for names in options_of(words).values())
    ]


def filled(words: tuple[str, ...]) -> list[str]:
    """Return a command with something for each argument and option it cannot do without."""
    line = list(words)
    for parameter in COMMANDS[words].params:
        if parameter.required:
            value = {"since": "7d", "category": "1", "partitions": "3"}.get(parameter.name or "")
            name = parameter.opts[0] if parameter.param_type_name == "option" else None
            line += [word for word in (name, value or "B000000001") if word]
    return line
