"""A stack made of plain values, in folders of the test's own."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from stack.artifacts import elasticsearch_folder, kafka_folder
from stack.context import Stack
from stack.layout import Layout
from tests.stacks import plain_stack

MakeStack = Callable[..., Stack]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "home", tmp_path / "checkout")
    layout.root.mkdir()
    layout.make_folders()
    return layout


@pytest.fixture
def make_stack(layout: Layout) -> MakeStack:
    return partial(plain_stack, layout)


@pytest.fixture
def downloaded(layout: Layout) -> None:
    """Pretend Kafka and Elasticsearch have been fetched."""
    kafka_folder(layout).mkdir(parents=True)
    elasticsearch_folder(layout).mkdir(parents=True)
