"""Keeper speaks its field's English: no word of docs/GLOSSARY.md's second table comes back."""

from pathlib import Path

import pytest

from tests.architecture.retired_words import (
    RETIRED,
    STAYS,
    files_of_tests,
    offences_in_python,
    offences_in_text,
    prose_files,
    python_files,
)


def test_code_has_no_retired_word(root: Path) -> None:
    offences = [
        f"{path.relative_to(root)}:{line}: {word!r} (say: {instead})"
        for path in python_files(root)
        for line, word, instead in offences_in_python(path.read_text("utf-8"))
    ]
    assert offences == []


def test_tests_have_no_retired_word(root: Path) -> None:
    offences = [
        f"{path.relative_to(root)}:{line}: {word!r} (say: {instead})"
        for path in files_of_tests(root)
        # A parameter of a test's own helper is read beside its only use.
        for line, word, instead in offences_in_python(
            path.read_text("utf-8"), with_parameters=False
        )
    ]
    assert offences == []


def test_documents_and_queries_have_no_retired_word(root: Path) -> None:
    offences = [
        f"{path.relative_to(root)}:{number}: {word!r} (say: {instead})"
        for path in prose_files(root)
        if path.name != "GLOSSARY.md"
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        for word, instead in offences_in_text(line)
    ]
    assert offences == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def f(told): pass", ["told", "parameter told"]),
        ("class SignOfLife: pass", ["Sign Of Life"]),
        ("def judge_watches(): pass", ["judge"]),
        ('"""What a watch has told."""', ["told"]),
        ("x = 1  # the ring", ["ring"]),
        ("string = during = restory = newsletter = 1", []),
        ("def tell_of_late_run(): pass", []),
    ],
)
def test_a_retired_word_is_noticed(source: str, words: list[str]) -> None:
    assert [word for _, word, _ in offences_in_python(source)] == words


def test_every_exception_is_needed(root: Path) -> None:
    files = (*python_files(root), *files_of_tests(root), *prose_files(root))
    text = "\n".join(path.read_text("utf-8") for path in files)
    assert [stays.reason for stays in STAYS if not stays.pattern.search(text)] == []


def test_the_glossary_says_what_is_said_instead(root: Path) -> None:
    glossary = (root / "docs" / "GLOSSARY.md").read_text("utf-8")
    found = {word.instead for word in RETIRED if word.pattern.search(glossary)}
    assert found == {word.instead for word in RETIRED}
