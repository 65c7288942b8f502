"""A lake in a folder, whose troubles are shown as the lake's."""

from pathlib import Path

import pytest

from keeper.errors import SettingsError
from keeper.stores.lake.paths import LakePath, LakeUnavailableError
from keeper.stores.lake.storage import lake_at


@pytest.fixture
def lake(tmp_path: Path) -> LakePath:
    return lake_at(f"file://{tmp_path}/lake")


def test_a_path_is_used_as_any(lake: LakePath) -> None:
    folder = lake / "runs" / "run-1"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "plan.json"
    file.write_bytes(b"[]")

    assert (file.name, str(file.parent), str(file)) == (
        "plan.json",
        str(folder),
        f"{lake}/runs/run-1/plan.json",
    )
    assert [path.name for path in folder.iterdir()] == ["plan.json"]
    assert (file.exists(), file.is_dir(), folder.is_dir()) == (True, False, True)
    assert (file.read_bytes(), file.stat().st_size) == (b"[]", 2)
    file.unlink()
    folder.rmdir()
    assert not folder.exists()


def test_what_is_said_of_a_file_stays_what_it_is(lake: LakePath) -> None:
    lake.mkdir(parents=True, exist_ok=True)

    with pytest.raises(FileNotFoundError):
        (lake / "nothing").read_bytes()
    with pytest.raises(FileNotFoundError):
        (lake / "nothing").unlink()
    with pytest.raises(IsADirectoryError):
        lake.read_bytes()


def test_a_file_where_the_lake_should_be_is_said(lake: LakePath, tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("in the way")

    with pytest.raises(LakeUnavailableError, match=r"the lake at file://.*KEEPER_LAKE"):
        (lake / "runs").mkdir(parents=True, exist_ok=True)
    with pytest.raises(LakeUnavailableError):
        (lake / "plan.json").write_bytes(b"[]")


def test_a_folder_that_is_not_there_takes_nothing(lake: LakePath) -> None:
    with pytest.raises(LakeUnavailableError):
        (lake / "plan.json").write_bytes(b"[]")


def test_a_storage_nobody_knows_is_a_mistake_in_the_settings() -> None:
    with pytest.raises(SettingsError, match="KEEPER_LAKE is nowhere://x"):
        lake_at("nowhere://x")
