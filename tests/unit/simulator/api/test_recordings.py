import json
from pathlib import Path
from typing import Any

import pytest

from keeper.domain.locales import locale_of
from keeper.errors import SettingsError
from keeper.simulator.api.keepa_api import KeepaApi
from keeper.simulator.api.recordings import Recordings

ASIN = "B0RECORDED"
US, DE = locale_of("us"), locale_of("de")


def product(minute: int, **fields: Any) -> dict[str, Any]:
    return {"asin": ASIN, "domainId": 1, "lastUpdate": minute, "csv": [None] * 34} | fields


def write(path: Path, document: Any) -> None:
    path.write_bytes(json.dumps(document).encode())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / f"product_{ASIN}_7000000.json", product(6_999_990, title="early"))
    write(tmp_path / f"product_{ASIN}_7002000.json", product(7_002_000, title="late"))
    write(
        tmp_path / "reply.json",
        {"tokensLeft": 1, "products": [product(7_001_000, title="in a reply", domainId=3)]},
    )
    write(tmp_path / "deals_de_2025-01-01.json", {"deals": {"dr": [{"asin": ASIN}]}})
    (tmp_path / "notes.txt").write_text("not a recording")
    (tmp_path / "cut.json").write_text('{"asin": ')
    return tmp_path


@pytest.mark.parametrize(
    ("at", "title"),
    [(6_000_000, "early"), (7_000_000, "early"), (7_001_999, "early"), (7_002_000, "late")],
    ids=["before all", "at the first", "between", "at the last"],
)
def test_the_newest_snapshot_not_after_the_time_is_served(
    folder: Path, at: int, title: str
) -> None:
    found = Recordings(folder).product(ASIN, US, at)
    assert found is not None
    assert found["title"] == title


def test_locales_are_kept_apart(folder: Path) -> None:
    recordings = Recordings(folder)
    german = recordings.product(ASIN, DE, 8_000_000)
    assert german is not None
    assert german["title"] == "in a reply"
    assert recordings.product(ASIN, locale_of("jp"), 8_000_000) is None
    assert recordings.asins(US) == recordings.asins(DE) == [ASIN]
    assert recordings.deals(DE) == {"dr": [{"asin": ASIN}]}
    assert recordings.deals(US) is None


def test_a_deals_file_without_a_locale_serves_any(tmp_path: Path) -> None:
    write(tmp_path / "saved.json", {"deals": {"dr": []}})
    assert Recordings(tmp_path).deals(US) == {"dr": []}


def test_a_missing_folder_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--recordings"):
        Recordings(tmp_path / "nowhere")


def test_recordings_go_before_the_catalogue(api: KeepaApi, folder: Path) -> None:
    api.recordings = Recordings(folder)
    answer = api.answer("product", {"key": "simulator", "domain": "1", "asin": ASIN})
    reply = json.loads(answer.body)
    assert reply["products"] == [product(7_002_000, title="late")]
    assert reply["tokensConsumed"] == 1
    query = {"key": "simulator", "domain": "3", "selection": '{"priceTypes":[1],"page":0}'}
    assert json.loads(api.answer("deal", query).body)["deals"]["dr"] == [{"asin": ASIN}]
    later = query | {"selection": '{"priceTypes":[1],"page":1}'}
    assert json.loads(api.answer("deal", later).body)["deals"]["dr"] == []


@pytest.mark.recordings
def test_real_recordings_are_served_unchanged(api: KeepaApi, recordings_folder: Path) -> None:
    api.recordings = Recordings(recordings_folder)
    assert len(api.recordings) > 0
    for path in recordings_folder.glob("product_*.json"):
        recorded = json.loads(path.read_bytes())
        at = int(path.stem.rpartition("_")[2])
        assert api.recordings.product(recorded["asin"], US, at) == recorded
