"""Words that Keeper does not use, what it says instead, and where one stays all the same.

docs/GLOSSARY.md has the terms that remain.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final


@dataclass(frozen=True)
class Retired:
    """A word of another way of speaking.

    Attributes:
        pattern: Finds it in prose and, between the words of an identifier, in names.
        instead: What to say.
    """

    pattern: re.Pattern[str]
    instead: str


def _word(pattern: str, instead: str) -> Retired:
    return Retired(re.compile(rf"(?<![A-Za-z])(?:{pattern})(?![A-Za-z])", re.IGNORECASE), instead)


RETIRED: Final = (
    _word(r"signs?[ _]of[ _]life", "heartbeat"),
    _word(r"doorbells?|bells?", "event, publisher, subscriber"),
    _word(r"rings?|ringing|rang", "publish, event"),
    _word(r"hear|heard|hears|hearing", "receive"),
    _word(r"told|tells?|telling", "notify, report, say, return, translate"),
    _word(r"story|stories", "context, history"),
    _word(r"news", "new events, changes"),
    _word(r"sights?", "observation"),
    _word(r"settled?|settles|settling|unsettled", "record the outcome, commit, decide"),
    _word(r"judged?|judges|judging|judge?ments?", "evaluate"),
    _word(r"patience|patient", "timeout"),
    _word(r"nought", "zero, nothing"),
    _word(r"noted|noting", "recorded, recording"),
)
"""Not allowed in names, docstrings, comments, messages and documents."""

PARAMETERS: Final = {"how", "told", "one", "of"}
"""Names a parameter never has: they do not say what it holds."""


@dataclass(frozen=True)
class Stays:
    """A place where a retired word is right.

    Attributes:
        pattern: The words around it.
        reason: Why it stays.
    """

    pattern: re.Pattern[str]
    reason: str


def _stays(pattern: str, reason: str) -> Stays:
    return Stays(re.compile(pattern), reason)


STAYS: Final = (
    _stays(r"tell_of_late_run", "Airflow's database has callbacks by this name"),
    _stays(r"doorbell_trigger", "Airflow's database has triggers by this name"),
    _stays(r"keeper-doorbell", "a consumer group"),
    _stays(r"operations-doorbell", "an asset's name in Airflow's database"),
    _stays(r"settled_at", "a column"),
    _stays(r"unsettled", "a column of `keeper keepa tokens`"),
    _stays(r"ring chart|ring of slices", "the chart"),
    _stays(r"letters-doorbell", "an example of an asset's name"),
    _stays(r"Tell me at or below", "what the pages say to their reader"),
)


_ANY: Final = re.compile("|".join(word.pattern.pattern for word in RETIRED), re.IGNORECASE)


def offences_in_text(text: str) -> Iterator[tuple[str, str]]:
    """Yield each retired word of a text, and what to say instead."""
    if not _ANY.search(text):
        return
    for stays in STAYS:
        text = stays.pattern.sub("", text)
    for word in RETIRED:
        for match in word.pattern.finditer(text):
            yield match.group(), word.instead


def offences_in_python(
    source: str, *, with_parameters: bool = True
) -> Iterator[tuple[int, str, str]]:
    """Yield line, word and what to say instead, of names, comments, docstrings and messages.

    A file's own method `tell` is none of Keeper's words.

    Args:
        source: The file's text.
        with_parameters: Whether names that only a parameter must not have are offences.
    """
    before = ""
    # Tokens take time, and few files have such a word anywhere.
    has_any = _ANY.search(_apart(source)) is not None
    for token in tokenize.generate_tokens(io.StringIO(source).readline) if has_any else ():
        if token.type in _SPOKEN and (before, token.string) != (".", "tell"):
            for word, instead in offences_in_text(_apart(token.string)):
                yield token.start[0], word, instead
        before = token.string
    for node in ast.walk(ast.parse(source)) if with_parameters else ():
        if isinstance(node, ast.arg) and node.arg in PARAMETERS:
            yield node.lineno, f"parameter {node.arg}", "what it holds"


_SPOKEN: Final = {
    tokenize.NAME,
    tokenize.STRING,
    tokenize.COMMENT,
    # From Python 3.12 on an f-string is several tokens.
    *({tokenize.FSTRING_MIDDLE} if hasattr(tokenize, "FSTRING_MIDDLE") else ()),
}


def _apart(name: str) -> str:
    """Put the words of CamelCase names apart; underscores are no letters already."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


def python_files(root: Path) -> Iterator[Path]:
    """Yield the Python files whose language is checked."""
    for folder in ("include/keeper", "dags", "plugins", "stack", "bench", "docker"):
        yield from sorted((root / folder).rglob("*.py"))


def files_of_tests(root: Path) -> Iterator[Path]:
    """Yield the tests, but for those that are about the words themselves."""
    about_words = ("retired_words.py", "test_words.py")
    yield from (
        file for file in sorted((root / "tests").rglob("*.py")) if file.name not in about_words
    )


def prose_files(root: Path) -> Iterator[Path]:
    """Yield the documents and queries whose language is checked."""
    yield from sorted(root.glob("*.md"))
    yield from sorted((root / "docs").rglob("*.md"))
    yield from sorted((root / "sql" / "queries").rglob("*.sql"))
    yield from sorted((root / "sql" / "analytics").rglob("*.sql"))
