"""A batch's files, on every storage a lake may be on."""

from datetime import UTC, datetime

import pytest

from keeper.domain.watches.watch import ProductToCheck
from keeper.stores.lake.paths import LakePath, MissingFileError
from keeper.stores.lake.run_files import BatchFolder
from tests.lake_pages import add_page

RUN = "manual__2026-03-01T00:00:00+00:00"
PRODUCT = ProductToCheck(
    "B000000001", "de", {"NEW": 1999, "USED": None}, {"NEW": datetime(2026, 2, 1, tzinfo=UTC)}
)


@pytest.fixture
def folder(lake: LakePath) -> BatchFolder:
    return BatchFolder.of(lake, RUN, 0)


def test_a_plan_is_read_back(folder: BatchFolder) -> None:
    folder.write_plan([PRODUCT])

    assert folder.read_plan() == [PRODUCT]


def test_pages_are_read_back_in_order(folder: BatchFolder) -> None:
    pages = [add_page(folder, number, f"body {number}".encode()) for number in range(3)]

    assert folder.pages() == pages
    assert folder.read_page(pages[1]) == b"body 1"


def test_messages_are_read_back_whatever_they_hold(folder: BatchFolder) -> None:
    messages = [(b"B000000001", b'{"title": "tab \\t and line \\n"}'), (b"B000000002", b"{}")]

    assert folder.write_messages(messages) == 2
    assert list(folder.read_messages()) == messages


def test_no_messages_are_no_messages(folder: BatchFolder) -> None:
    folder.write_plan([])
    folder.write_messages([])

    assert list(folder.read_messages()) == []


def test_what_an_earlier_task_did_not_write_is_an_error_that_names_the_file(
    folder: BatchFolder,
) -> None:
    with pytest.raises(MissingFileError, match=r"messages\.gz"):
        list(folder.read_messages())
    with pytest.raises(MissingFileError, match=r"plan\.json"):
        folder.read_plan()
