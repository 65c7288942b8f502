"""Every named query of sql/queries/ says what it returns or changes."""

from collections import Counter
from pathlib import Path

import pytest

from keeper.stores.postgres.connection import SQL_DIR

FILES = sorted((SQL_DIR / "queries").glob("*.sql"))
NAME = "-- name: "
FEWEST_WORDS = 4
GOOD = "-- Prices.\n\n-- name: a\n-- Returns all prices, newest first.\nSELECT 1\n"


def faults_of(text: str) -> list[str]:
    """Return what a file of queries lacks; none if all is well."""
    lines = text.splitlines()
    heads = [number for number, line in enumerate(lines) if line.startswith(NAME)]
    names = [lines[number].removeprefix(NAME).strip() for number in heads]
    faults = [] if names else ["there is no named query"]
    faults += [f"{name} is there twice" for name, times in Counter(names).items() if times > 1]
    for name, number in zip(names, heads, strict=True):
        words: list[str] = []
        for line in lines[number + 1 :]:
            if not line.startswith("-- ") or line.startswith(NAME):
                break
            words += line.removeprefix("-- ").split()
        if len(words) < FEWEST_WORDS:
            faults.append(f"{name} lacks a comment that says what it returns or changes")
        # psycopg reads placeholders in comments too.
        if set("%{}") & set("".join(words)):
            faults.append(f"{name} has a placeholder in its comment")
    return faults


def test_there_are_files() -> None:
    assert len(FILES) >= 15


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_query_is_described(path: Path) -> None:
    assert faults_of(path.read_text("utf-8")) == []


def test_a_described_query_has_no_fault() -> None:
    assert faults_of(GOOD) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("SELECT 1\n", "no named query"),
        (GOOD + GOOD, "a is there twice"),
        ("-- name: a\nSELECT 1\n", "a lacks a comment"),
        ("-- name: a\n-- All prices.\nSELECT 1\n", "a lacks a comment"),
        ("-- name: a\n\n-- Returns all prices, newest first.\nSELECT 1\n", "a lacks a comment"),
        ("-- name: a\nSELECT 1\n-- Returns all prices, newest first.\n", "a lacks a comment"),
        ("-- name: a\n" + GOOD.replace("name: a", "name: b"), "a lacks a comment"),
        (GOOD.replace("newest", "%s"), "a has a placeholder"),
    ],
    ids=["no name", "twice", "none", "short", "apart", "after", "of the next", "placeholder"],
)
def test_a_fault_is_found(text: str, fault: str) -> None:
    (found,) = faults_of(text)

    assert fault in found
