"""A batch's files after a task was killed or a file was damaged."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keeper.errors import TerminalError
from keeper.stores.lake.run_files import BatchFolder, MissingFileError, StoredPage, safe_name

BODY = b'{"products": []}' * 200


def page(number: int) -> StoredPage:
    return StoredPage(number, "us", ("B000000001",), datetime(2026, 3, 1, tzinfo=UTC), 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "run" / "batch-000"


@pytest.fixture
def folder(tmp_path: Path) -> BatchFolder:
    folder = BatchFolder.of(tmp_path, "run", 0)
    for number in range(3):
        folder.write_page(page(number), BODY)
    return folder


def test_a_page_without_its_description_does_not_count(folder: BatchFolder, path: Path) -> None:
    (path / "page-0002.meta.json").unlink()

    assert folder.pages() == [page(0), page(1)]


@pytest.mark.parametrize(
    "left", [b"", b'{"number":2,"dom', b"\xff\xfe"], ids=["nothing", "a half", "no text"]
)
def test_a_half_written_description_does_not_count_and_is_replaced(
    folder: BatchFolder, path: Path, left: bytes
) -> None:
    (path / "page-0002.meta.json").write_bytes(left)

    assert folder.pages() == [page(0), page(1)]
    folder.write_page(page(2), BODY)
    assert folder.pages() == [page(0), page(1), page(2)]


def flipped(packed: bytes) -> bytes:
    return packed[:12] + bytes(byte ^ 0xFF for byte in packed[12:16]) + packed[16:]


@pytest.mark.parametrize(
    "damage",
    [lambda packed: packed[:-9], lambda packed: b"", lambda packed: BODY, flipped],
    ids=["cut", "empty", "not packed", "bits flipped"],
)
@pytest.mark.parametrize("name", ["page-0001.json.gz", "messages.gz"])
def test_a_damaged_file_is_a_terminal_error_that_names_it(
    folder: BatchFolder, path: Path, name: str, damage: Callable[[bytes], bytes]
) -> None:
    folder.write_messages([(b"B000000001", BODY)])
    packed = (path / name).read_bytes()
    (path / name).write_bytes(damage(packed))

    with pytest.raises(MissingFileError, match=name) as caught:
        folder.read_page(page(1)) if name.startswith("page") else list(folder.read_messages())
    assert isinstance(caught.value, TerminalError)


def test_a_damaged_plan_names_its_file(folder: BatchFolder, path: Path) -> None:
    (path / "plan.json").write_bytes(b'[{"asin": 1}]')

    with pytest.raises(MissingFileError, match=r"plan\.json"):
        folder.read_plan()


@pytest.mark.parametrize(
    ("run_id", "name"),
    [
        ("scheduled__2026-03-01T00:00:00+00:00", "scheduled__2026-03-01T00_00_00_00_00"),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("a b\n/c", "a_b_c"),
    ],
    ids=["scheduled", "climbing", "spaces"],
)
def test_a_run_id_is_a_file_name(run_id: str, name: str) -> None:
    assert safe_name(run_id) == name
