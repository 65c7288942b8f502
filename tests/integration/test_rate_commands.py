"""`keeper rates`, as a person types it, on a real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from keeper.cli.app import app
from keeper.pipeline.storage.exchange_rates import RatesUnreadableError
from keeper.settings import load_settings
from keeper.stores.postgres.connection import PostgresConfig

FILE = """Date,USD,JPY,BGN,CAD,
2026-03-02,1.0831,162.5,1.9558,1.48,
2026-02-27,1.0800,N/A,1.9558,1.47,
"""


@pytest.fixture(autouse=True)
def _settings(database: PostgresConfig, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DATABASE_URL", database.url)
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


def rates(*words: str) -> Result:
    result = CliRunner().invoke(app, ["rates", *words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_the_banks_file_is_stored_once(tmp_path: Path) -> None:
    file = tmp_path / "rates.csv"
    file.write_text(FILE)

    assert rates("import", str(file)).stdout.splitlines() == [
        "5 rates read, 5 new or changed",
        "nothing of BRL, GBP, INR, MXN",
    ]
    assert "5 rates read, 0 new or changed" in rates("import", str(file)).stdout
    file.write_text(FILE.replace("1.0831", "1.0832"))
    assert "5 rates read, 1 new or changed" in rates("import", str(file)).stdout

    listed = rates("list").stdout
    assert "2026-02-27" in listed
    assert "1.0832" in listed
    assert "BGN" not in listed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("day,rate\n2026-03-02,1.1\n", "line 1: there is no column Date"),
        ("Date,USD\n02/03/2026,1.1\n", "line 2: '02/03/2026' is no day"),
        ("Date,USD\n2026-03-02,1.1\n2026-03-03,-1\n", "line 3: '-1' is no rate of USD"),
        ("Date,USD\n2026-03-02,NaN\n", "line 2: 'NaN' is no rate of USD"),
        ("", "line 1"),
    ],
    ids=["columns", "day", "negative", "not a number", "empty"],
)
def test_a_file_that_is_none_is_refused_as_a_whole(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "rates.csv"
    file.write_text(text)

    with pytest.raises(RatesUnreadableError, match=said):
        rates("import", str(file))

    assert "No rates so far" in rates("list").stdout
