"""`keeper lake`, as a person types it, on files and on S3 by the address Airflow uses."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from s3fs import S3FileSystem
from typer.testing import CliRunner, Result

from keeper.cli.app import app
from keeper.domain.watches.watch import Watch
from keeper.errors import SettingsError
from keeper.settings import load_settings
from keeper.stores.lake.archive import ArchivedReply, ReplyArchive
from keeper.stores.lake.paths import LakePath, LakeUnavailableError
from keeper.stores.lake.run_files import BatchFolder
from keeper.stores.lake.storage import lake_at
from keeper.stores.postgres.connection import PostgresConfig, session
from keeper.stores.postgres.runs.runs import start_run
from keeper.stores.postgres.watches.watch_list import save_watches
from tests.object_storage import lake_url, s3_server
from tests.services import Stack, free_port

__all__ = ["s3_server"]

FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _settings(
    database: PostgresConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database.url)
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


@pytest.fixture(params=["file://", "s3://aws_default@"], ids=["file", "S3"])
def lake(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> LakePath:
    if request.param != "file://":
        request.getfixturevalue("s3_server")
    url = lake_url(request.param, tmp_path)
    monkeypatch.setenv("KEEPER_LAKE", url)
    return lake_at(url)


@pytest.fixture
def keep(lake: LakePath) -> Callable[..., ArchivedReply]:
    def write(
        *asked: str, endpoint: str = "product", domain: str = "us", at: datetime = FIRST
    ) -> ArchivedReply:
        return ReplyArchive(lake).write(
            b"x" * 600_000,
            endpoint=endpoint,
            domain=domain,
            asked=asked,
            received_at=at,
            tokens_consumed=len(asked),
            source="simulator",
            run_id="manual__1",
        )

    return write


def keeper(*words: str) -> Result:
    return CliRunner().invoke(app, ["lake", *words])


def listed(*words: str) -> list[list[str]]:
    """Return the cells of the printed table, a list for each row."""
    lines = keeper("list", *words).stdout.splitlines()
    rows = [line for line in lines if "│" in line]
    return [[cell.strip() for cell in row.strip("│").split("│")] for row in rows]


def test_replies_are_listed_by_endpoint_locale_and_day(keep: Callable[..., ArchivedReply]) -> None:
    keep("B000000001", "B000000002")
    keep("B000000002", at=FIRST + timedelta(hours=6))
    keep("B000000003", domain="de", at=FIRST + DAY)
    keep("a filter", "0", endpoint="deal")

    deals = ["deal", "us", "2026-03-01", "simulator", "1", "", "0.6", "2"]
    german = ["product", "de", "2026-03-02", "simulator", "1", "1", "0.6", "1"]
    american = ["product", "us", "2026-03-01", "simulator", "2", "2", "1.2", "3"]
    assert listed() == [deals, german, american]
    assert listed("--endpoint", "product", "--domain", "us") == [american]
    assert listed("--since", "2026-03-02") == [german]
    assert listed("--until", "2026-03-01T12:00:01Z") == [
        deals,
        ["product", "us", "2026-03-01", "simulator", "1", "2", "0.6", "2"],
    ]
    assert "No such replies are archived" in keeper("list", "--since", "2026-03-03").stdout


@pytest.mark.usefixtures("lake")
def test_an_empty_lake_is_said_in_a_sentence() -> None:
    assert keeper("list").stdout == "No such replies are archived.\n"
    replayed = keeper("replay", "--since", "2026-03-01")
    assert replayed.stdout == "No archived reply holds any of the products.\n"
    assert keeper("prune").stdout.startswith("0 replies (0.0 MB) and the files of 0 runs")


def test_a_replay_is_announced_then_done_and_recorded(
    lake: LakePath, database: PostgresConfig, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", stack["KAFKA_BOOTSTRAP_SERVERS"])
    monkeypatch.setenv("KEEPER_DATA_DOCS", "data-docs")
    # Without a price there is nothing to publish to the topics of the product itself.
    body = b'{"products": [{"asin": "B000000001", "domainId": 1, "title": "x", "csv": []}]}'
    with session(database) as connection:
        watches = [Watch(asin, "us", "NEW", None) for asin in ("B000000001", "B000000002")]
        save_watches(connection, "reader@example.org", watches)
        ReplyArchive(lake).write(
            body,
            endpoint="product",
            domain="us",
            asked=("B000000001",),
            received_at=FIRST,
            tokens_consumed=1,
            source="simulator",
            run_id="manual__1",
        )
        planned = (
            "1 products from 1 replies, received from 2026-03-01 12:00 UTC "
            "to 2026-03-01 12:00 UTC.\n"
            "1 watched products are in no such reply.\n"
        )

        assert keeper("replay", "--since", "2026-03-01", "--dry-run").stdout == planned
        assert connection.execute("SELECT FROM pipeline_runs").fetchall() == []

        done = keeper("replay", "--since", "2026-03-01", "--domain", "us", "--asin", "B000000001")
        assert done.exit_code == 0, done.output
        assert done.stdout.startswith(planned.splitlines()[0] + "\nreplay/20")
        assert "0 events and 0 older points are published" in done.stdout
        (run,) = connection.execute("SELECT * FROM pipeline_runs").fetchall()
        assert (run["dag_id"], run["state"], run["products_fetched"]) == ("replay", "SUCCESS", 1)
        assert run["tokens_spent"] == 0


def test_pruning_says_what_would_go_and_deletes_when_asked(
    keep: Callable[..., ArchivedReply], lake: LakePath
) -> None:
    now = datetime.now(UTC)
    keep("B000000001", at=now - 401 * DAY - timedelta(hours=1))
    keep("B000000001", at=now - 10 * DAY)
    kept = keep("B000000001", at=now)

    assert "1 replies (0.0 MB)" in keeper("prune").stdout
    assert "2 replies (0.0 MB)" in keeper("prune", "--older-than", "5").stdout
    assert len(list(ReplyArchive(lake).replies("product"))) == 3

    assert "were deleted" in keeper("prune", "--older-than", "5", "--yes").stdout
    assert list(ReplyArchive(lake).replies("product")) == [kept]


def test_the_files_of_a_run_that_has_not_ended_are_never_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: PostgresConfig
) -> None:
    monkeypatch.setenv("KEEPER_LAKE", (tmp_path / "lake").as_uri())
    old = (datetime.now(UTC) - 15 * DAY).timestamp()
    for run in ("manual__ended", "manual__running+00:00"):
        folder = BatchFolder.of(tmp_path / "lake", run, 0)
        folder.write_plan([])
        os.utime(Path(folder.path) / "plan.json", (old, old))
    with session(database) as connection:
        start_run(
            connection,
            run_id="manual__running+00:00",
            dag_id="track_prices",
            source="keepa",
            started_at=FIRST,
        )

    assert "the files of 1 runs" in keeper("prune").stdout
    assert "were deleted" in keeper("prune", "--yes").stdout
    assert [run.name for run in (tmp_path / "lake" / "runs").iterdir()] == ["manual__running_00_00"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("replay", "--since", "2026-03-02", "--until", "2026-03-01"), "not before"),
        (("replay", "--since", "2026-03-01", "--endpoint", "deal"), "only replies"),
        (("replay", "--since", "2026-03-01", "--asin", "nonsense"), "not an ASIN"),
        (("replay",), "--since"),
        (("list", "--domain", "nl"), "'nl'"),
        (("list", "--since", "yesterday"), "yesterday"),
        (("prune", "--older-than", "0"), "--older-than"),
    ],
    ids=["backwards", "endpoint", "asin", "no since", "locale", "day", "retention"],
)
def test_a_mistake_is_one_clear_sentence(words: tuple[str, ...], said: str) -> None:
    result = keeper(*words)

    assert result.exit_code == 2
    assert said in " ".join(result.output.replace("│", " ").split())


@pytest.fixture
def _fresh_s3(s3_server: str) -> Iterator[None]:
    """What s3fs keeps of other tests' addresses is forgotten before and after."""
    S3FileSystem.clear_instance_cache()
    yield
    S3FileSystem.clear_instance_cache()


@pytest.mark.usefixtures("_fresh_s3")
def test_storage_that_is_away_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("KEEPER_LAKE", "s3://keeper-away/lake")

    for words in (("list",), ("prune",)):
        error = keeper(*words).exception
        assert isinstance(error, LakeUnavailableError)
        assert "s3://keeper-away/lake cannot be used: Could not connect" in str(error)


def test_storage_keeper_cannot_reach_is_a_mistake_in_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KEEPER_LAKE", "pigeon://coop/lake")

    assert isinstance(keeper("list").exception, SettingsError)
