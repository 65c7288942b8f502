"""Which logs a word means."""

from pathlib import Path

import pytest

from stack.errors import StackError
from stack.layout import Layout
from stack.logs import log_files

GROUPS = {"workers": ("deliver", "relay", "metrics"), "kafka": ("kafka",)}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    layout.logs.mkdir(parents=True)
    for name in ("kafka", "deliver", "relay"):
        layout.log_of(name).touch()
    return layout


def test_a_group_means_those_of_its_programs_that_have_a_log(layout: Layout) -> None:
    assert list(log_files(layout, ["kafka", "workers"], GROUPS)) == ["kafka", "deliver", "relay"]


def test_no_word_means_all(layout: Layout) -> None:
    assert set(log_files(layout, [], GROUPS)) == {"kafka", "deliver", "relay"}


@pytest.mark.parametrize("word", ["metrics", "redis"])
def test_a_program_without_a_log_is_refused_with_those_that_have_one(
    layout: Layout, word: str
) -> None:
    with pytest.raises(StackError, match=rf"no log of {word}; there are: deliver, kafka, relay"):
        log_files(layout, [word], GROUPS)
