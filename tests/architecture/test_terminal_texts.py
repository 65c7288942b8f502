"""What others wrote, an error's words or a file's cells, reaches a terminal only when escaped."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

CLI = Path(__file__).resolve().parents[2] / "include" / "keeper" / "cli"
# What errors, refusals and read files are called in these modules.
NOT_OURS = {"error", "example", "note", "problem", "reason", "refusal", "sentence", "why"}
PRINTS = {"typer.echo", "typer.secho"}


def unescaped(source: str) -> Iterator[str]:
    """Yield each printed expression that holds a text of others as it is."""
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and ast.unparse(call.func) in PRINTS and call.args:
            for part in _outside_of_escapes(call.args[0]):
                if ast.unparse(part).rpartition(".")[2] in NOT_OURS:
                    yield f"line {call.lineno}: {ast.unparse(call)}"


def _outside_of_escapes(node: ast.expr) -> Iterator[ast.AST]:
    if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("harmless"):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield from _outside_of_escapes(child)


@pytest.mark.parametrize("module", sorted(CLI.rglob("*.py")), ids=lambda path: path.stem)
def test_no_command_prints_words_of_others_as_they_are(module: Path) -> None:
    assert list(unescaped(module.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    ["typer.echo(error)", "typer.secho(f'row {row.reason}')", "typer.echo(str(why), err=True)"],
)
def test_such_a_line_is_found(source: str) -> None:
    assert list(unescaped(source))
    escaped = source.replace("(", "(harmless(", 1).replace(", err=True", "") + ")"
    assert not list(unescaped(escaped))
