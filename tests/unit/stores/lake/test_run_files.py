"""A batch's files after a task was killed or a file was damaged."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keeper.domain.deals.deal import DealFilter
from keeper.domain.watches.watch import ProductToCheck
from keeper.errors import TerminalError
from keeper.stores.lake.deal_files import DealFolder
from keeper.stores.lake.paths import MissingFileError
from keeper.stores.lake.run_files import BatchFolder, StoredPage, as_json, safe_name
from tests.lake_pages import AT, add_page

BODY = b'{"products": []}' * 200


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "run" / "batch-000"


@pytest.fixture
def folder(tmp_path: Path) -> BatchFolder:
    return BatchFolder.of(tmp_path, "run", 0)


@pytest.fixture
def pages(folder: BatchFolder) -> list[StoredPage]:
    return [add_page(folder, number, BODY + b" " * number) for number in range(3)]


def test_files_of_a_batch_keep_their_bytes(folder: BatchFolder, path: Path) -> None:
    at = datetime(2026, 3, 1, 12, 0, 0, 250, tzinfo=UTC)
    folder.write_plan(
        [
            ProductToCheck("B000000001", "de", {"NEW": 1999, "USED": None}, {"NEW": AT}, ("NEW",)),
            ProductToCheck("B000000002", "us", {}, {}),
        ]
    )
    page = add_page(folder, 0, b"{}", asked=("Kaffee für 2 €",), received_at=at)

    assert (path / "plan.json").read_bytes() == (
        b'[{"asin":"B000000001","domain":"de","targets":{"NEW":1999,"USED":null},'
        b'"stored_until":{"NEW":"2026-03-01T00:00:00+00:00"},"histories":["NEW"]},'
        b'{"asin":"B000000002","domain":"us","targets":{},"stored_until":{},"histories":[]}]'
    )
    assert (path / "page-0000.json").read_bytes() == (
        f'{{"number":0,"reply":{{"key":"{page.reply.key}","endpoint":"product","domain":"us",'
        '"asked":["Kaffee für 2 €"],"received_at":"2026-03-01T12:00:00.000250+00:00",'
        '"tokens_consumed":1,"source":"simulator","run_id":"run","bytes":2,'
        f'"sha256":"{page.reply.sha256}","detail":"basic"}}}}'
    ).encode()
    assert folder.pages() == [page]


def test_a_filter_keeps_its_bytes(tmp_path: Path) -> None:
    folder = DealFolder.of(tmp_path, "run", 0)
    selection = {"titleSearch": "Kaffee für 2 €", "deltaPercentRange": [10, 2**63], "x": 1e16}
    folder.write_filter(DealFilter("Größe", "de", "NEW", selection, 50, 7))

    assert (tmp_path / "runs" / "run" / "batch-000" / "filter.json").read_bytes() == (
        '{"name":"Größe","domain":"de","price_type":"NEW","selection":{"titleSearch":'
        '"Kaffee für 2 €","deltaPercentRange":[10,9223372036854775808],"x":1e+16},'
        '"min_score":50,"filter_id":7}'
    ).encode()


def test_what_has_no_form_in_json_is_not_written() -> None:
    with pytest.raises(TypeError, match="bytes"):
        as_json({"body": b""})
    with pytest.raises(ValueError, match="JSON compliant"):
        as_json({"score": float("nan")})


def test_a_page_without_its_description_does_not_count(
    folder: BatchFolder, path: Path, pages: list[StoredPage]
) -> None:
    (path / "page-0002.json").unlink()

    assert folder.pages() == pages[:2]


@pytest.mark.parametrize(
    "left", [b"", b'{"number":2,"rep', b"\xff\xfe"], ids=["nothing", "a half", "no text"]
)
def test_a_half_written_description_does_not_count_and_is_replaced(
    folder: BatchFolder, path: Path, pages: list[StoredPage], left: bytes
) -> None:
    (path / "page-0002.json").write_bytes(left)

    assert folder.pages() == pages[:2]
    folder.add_page(2, pages[2].reply)
    assert folder.pages() == pages


def test_a_page_whose_reply_is_gone_does_not_count_nor_do_those_after_it(
    folder: BatchFolder, tmp_path: Path, pages: list[StoredPage]
) -> None:
    (tmp_path / pages[1].reply.key).unlink()

    assert folder.pages() == pages[:1]


def flipped(packed: bytes) -> bytes:
    return packed[:12] + bytes(byte ^ 0xFF for byte in packed[12:16]) + packed[16:]


DAMAGES = pytest.mark.parametrize(
    "damage",
    [lambda packed: packed[:-9], lambda packed: b"", lambda packed: BODY, flipped],
    ids=["cut", "empty", "not packed", "bits flipped"],
)


@DAMAGES
def test_a_damaged_reply_is_a_terminal_error_that_names_it_and_is_fetched_again(
    folder: BatchFolder,
    tmp_path: Path,
    pages: list[StoredPage],
    damage: Callable[[bytes], bytes],
) -> None:
    file = tmp_path / pages[1].reply.key
    file.write_bytes(damage(file.read_bytes()))

    with pytest.raises(MissingFileError, match=file.name) as caught:
        folder.read_page(pages[1])
    assert isinstance(caught.value, TerminalError)
    assert folder.pages() == pages[:1]


def test_storage_that_fails_is_no_damage_and_deletes_nothing(
    folder: BatchFolder,
    tmp_path: Path,
    pages: list[StoredPage],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "not now", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", refuse)
        with pytest.raises(PermissionError):
            folder.read_page(pages[1])
        with pytest.raises(PermissionError):
            folder.pages()

    assert folder.pages() == pages


@DAMAGES
def test_damaged_messages_are_a_terminal_error_that_names_the_file(
    folder: BatchFolder, path: Path, damage: Callable[[bytes], bytes]
) -> None:
    folder.write_messages([(b"B000000001", BODY)])
    file = path / "messages.gz"
    file.write_bytes(damage(file.read_bytes()))

    with pytest.raises(MissingFileError, match=file.name):
        list(folder.read_messages())


def test_a_damaged_plan_names_its_file(folder: BatchFolder, path: Path) -> None:
    folder.write_plan([])
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
