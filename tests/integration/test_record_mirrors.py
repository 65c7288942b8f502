"""Requests to Keepa and runs, mirrored in a real Elasticsearch."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from typer.testing import CliRunner, Result

from keeper.cli.app import app
from keeper.domain.runs.records import RunRecord
from keeper.errors import KeeperError
from keeper.pipeline.search import records as pipeline
from keeper.pipeline.search.contents import RunContents
from keeper.pipeline.search.records import Mirrored, RecordMirror, mirror_records, rebuild_records
from keeper.pipeline.storage.maintain import Retention, drop_old
from keeper.settings import load_settings
from keeper.stores.elasticsearch.connection import SearchRejectedError, SearchUnavailableError
from keeper.stores.postgres.connection import Connection, PostgresConfig
from tests.services import Stack, free_port
from tests.work_records import BEGAN, NOW, ask_keepa, run_pipeline


@pytest.fixture
def recorded(connection: Connection) -> None:
    """Four requests, one of them refused and one open, and three runs, one of which lasts."""
    ask_keepa(connection)
    ask_keepa(connection, hour=1, endpoint="deal", tokens=5, charged=5, run=None)
    ask_keepa(connection, hour=2, charged=0, refused=True)
    ask_keepa(connection, hour=3, is_open=True)
    run_pipeline(connection, "1")
    run_pipeline(connection, "2", dag_id="collect_deals", problem="a batch was lost")
    run_pipeline(connection, "3", hour=6, lasts=True)


def documents(search: Elasticsearch, mirror: RecordMirror) -> dict[str, dict[str, Any]]:
    search.indices.refresh(index=mirror.alias)
    hits = search.search(index=mirror.alias, size=1000)["hits"]["hits"]
    return {hit["_id"]: hit["_source"] for hit in hits}


@pytest.mark.usefixtures("recorded")
def test_a_request_is_a_document_with_what_it_cost(
    connection: Connection, search: Elasticsearch, tokens_mirror: RecordMirror
) -> None:
    assert mirror_records(connection, search, tokens_mirror, at=NOW) == Mirrored("tokens", 4)

    first, deal, refused, reserved = documents(search, tokens_mirror).values()
    assert first == {
        "request_id": 1,
        "account": "simulator:1f",
        "source": "simulator",
        "run_id": "track_prices/scheduled__1",
        "dag_id": "track_prices",
        "endpoint": "product",
        "domain": "us",
        "state": "CHARGED",
        "products": 10,
        "detail": "basic",
        "tokens_estimated": 10,
        "tokens_charged": 9,
        "tokens_expected": 291,
        "tokens_left": 280,
        "tokens_elsewhere": 11,
        "requested_at": "2026-03-01T12:00:00Z",
        "settled_at": "2026-03-01T12:00:02Z",
        "seconds": 2.0,
    }
    assert (deal["endpoint"], deal["run_id"], deal["dag_id"]) == ("deal", None, None)
    assert (refused["state"], refused["tokens_charged"]) == ("REFUSED", 0)
    assert (reserved["state"], reserved["settled_at"], reserved["seconds"]) == (
        "RESERVED",
        None,
        None,
    )


@pytest.mark.usefixtures("recorded")
def test_a_run_is_a_document_with_what_it_did(
    connection: Connection, search: Elasticsearch, runs_mirror: RecordMirror
) -> None:
    assert mirror_records(connection, search, runs_mirror, at=NOW).written == 3

    found = documents(search, runs_mirror)
    stored = connection.execute("SELECT * FROM pipeline_runs").fetchall()
    assert found.keys() == {row["run_id"] for row in stored}
    for row in stored:
        document = found[row["run_id"]]
        assert {name for name in row if name not in document} == set()
        counts = {name: value for name, value in row.items() if isinstance(value, int)}
        assert counts.items() <= document.items()
    failed = found["collect_deals/2"]
    assert (failed["state"], failed["problem"], failed["seconds"]) == (
        "FAILED",
        "a batch was lost",
        600.0,
    )
    assert found["track_prices/3"]["finished_at"] is None


@pytest.mark.usefixtures("recorded")
def test_what_changes_afterwards_is_copied_and_the_rest_is_left(
    connection: Connection, search: Elasticsearch, runs_mirror: RecordMirror
) -> None:
    old = run_pipeline(connection, "old", hour=-24 * 30, dag_id="report_deals")
    mirror_records(connection, search, runs_mirror, at=NOW)

    # A loader that was behind adds to a run that has ended; an old one does not change any more.
    connection.execute(
        "UPDATE pipeline_runs SET points_stored = 7 WHERE run_id IN ('track_prices/1', %s)", [old]
    )
    run_pipeline(connection, "3", hour=6)
    assert mirror_records(connection, search, runs_mirror, at=NOW).written == 3

    found = documents(search, runs_mirror)
    assert found["track_prices/1"]["points_stored"] == 7
    assert found["track_prices/3"]["state"] == "SUCCESS"
    assert found[old]["points_stored"] == 0


@pytest.mark.usefixtures("recorded")
def test_a_request_given_up_long_after_is_copied(
    connection: Connection, search: Elasticsearch, tokens_mirror: RecordMirror
) -> None:
    mirror_records(connection, search, tokens_mirror, at=NOW)
    # The next request of the account ends the reservation whose holder was killed.
    ask_keepa(connection, hour=20)

    assert mirror_records(connection, search, tokens_mirror, at=NOW).written >= 2

    states = [one["state"] for one in documents(search, tokens_mirror).values()]
    assert sorted(states) == ["CHARGED", "CHARGED", "CHARGED", "REFUSED", "UNKNOWN"]


@pytest.mark.usefixtures("recorded")
def test_an_earlier_reading_never_overrules_a_later_one(
    connection: Connection, search: Elasticsearch, runs_mirror: RecordMirror
) -> None:
    before = list(runs_mirror.contents.since(connection, None))

    class ReadBefore(RunContents):
        def since(self, *_: Any) -> Iterator[Sequence[RunRecord]]:
            return iter(before)

    run_pipeline(connection, "3", hour=6)
    mirror_records(connection, search, runs_mirror, at=NOW)

    late = replace(runs_mirror, contents=ReadBefore())
    mirror_records(connection, search, late, at=NOW)

    assert documents(search, runs_mirror)["track_prices/3"]["state"] == "SUCCESS"


@pytest.mark.usefixtures("recorded")
def test_records_past_their_retention_go(
    connection: Connection,
    search: Elasticsearch,
    tokens_mirror: RecordMirror,
    runs_mirror: RecordMirror,
) -> None:
    run_pipeline(connection, "ancient", hour=-24 * 500, dag_id="report_deals")
    ask_keepa(connection, hour=-24 * 500)
    for mirror in (tokens_mirror, runs_mirror):
        mirror_records(connection, search, mirror, at=NOW)
    drop_old(connection, Retention(None, 400), at=NOW, apply=True)

    for mirror, left in ((tokens_mirror, 4), (runs_mirror, 3)):
        assert mirror_records(connection, search, mirror, at=NOW).removed == 1
        assert len(documents(search, mirror)) == left
        assert mirror_records(connection, search, mirror, at=NOW).removed == 0


@pytest.mark.usefixtures("recorded")
def test_a_lost_document_comes_back(
    connection: Connection, search: Elasticsearch, runs_mirror: RecordMirror
) -> None:
    old = run_pipeline(connection, "old", hour=-24 * 30, dag_id="report_deals")
    mirror_records(connection, search, runs_mirror, at=NOW)
    expected = documents(search, runs_mirror)
    search.delete(index=runs_mirror.alias, id=old)

    assert mirror_records(connection, search, runs_mirror, at=NOW).restored == 1

    assert documents(search, runs_mirror) == expected


@pytest.mark.usefixtures("recorded")
def test_an_index_made_anew_is_the_same(
    connection: Connection, search: Elasticsearch, runs_mirror: RecordMirror
) -> None:
    mirror_records(connection, search, runs_mirror, at=NOW)
    expected = documents(search, runs_mirror)
    search.index(
        index=runs_mirror.alias, id="spam", document={"run_id": "spam", "started_at": BEGAN}
    )

    index, done = rebuild_records(connection, search, runs_mirror, at=NOW)

    assert done == Mirrored("runs", 3)
    assert documents(search, runs_mirror) == expected
    assert list(search.indices.get(index=f"{runs_mirror.alias}-*")) == [index]


@pytest.mark.usefixtures("recorded")
def test_an_interrupted_rebuild_changes_nothing(
    connection: Connection, search: Elasticsearch, runs_mirror: RecordMirror
) -> None:
    mirror_records(connection, search, runs_mirror, at=NOW)
    before = documents(search, runs_mirror)

    class Interrupted(RunContents):
        def since(
            self, connection: Connection, since: datetime | None
        ) -> Iterator[Sequence[RunRecord]]:
            yield next(super().since(connection, since))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild_records(connection, search, replace(runs_mirror, contents=Interrupted()), at=NOW)

    assert documents(search, runs_mirror) == before
    assert len(search.indices.get(index=f"{runs_mirror.alias}-*")) == 1


def test_an_empty_table_is_an_empty_index(
    connection: Connection, search: Elasticsearch, runs_mirror: RecordMirror
) -> None:
    assert mirror_records(connection, search, runs_mirror, at=NOW) == Mirrored("runs")


def test_a_missing_index_and_an_absent_elasticsearch_are_kept_apart(
    connection: Connection, search: Elasticsearch, runs_mirror: RecordMirror
) -> None:
    with pytest.raises(SearchRejectedError, match="no such index"):
        mirror_records(connection, search, replace(runs_mirror, alias="test-none"), at=NOW)
    with (
        Elasticsearch(f"http://127.0.0.1:{free_port()}", max_retries=0) as nobody,
        pytest.raises(SearchUnavailableError),
    ):
        mirror_records(connection, nobody, runs_mirror, at=NOW)


class TestCommands:
    """`keeper search`, as a person types it."""

    @pytest.fixture(autouse=True)
    def _settings(
        self,
        stack: Stack,
        database: PostgresConfig,
        tokens_mirror: RecordMirror,
        runs_mirror: RecordMirror,
        monkeypatch: pytest.MonkeyPatch,
    ) -> Iterator[None]:
        monkeypatch.setenv("ELASTICSEARCH_URL", stack["ELASTICSEARCH_URL"])
        monkeypatch.setenv("DATABASE_URL", database.url)
        own = {"tokens": tokens_mirror, "runs": runs_mirror}
        monkeypatch.setattr(pipeline, "RECORD_MIRRORS", own)
        load_settings.cache_clear()
        yield
        load_settings.cache_clear()

    @pytest.mark.usefixtures("recorded")
    def test_update_says_what_it_copied(self) -> None:
        rows = [line.split("│") for line in search("update").stdout.splitlines() if "│" in line]
        assert [[cell.strip() for cell in row[1:6]] for row in rows] == [
            ["tokens", "4", "0", "0", "0"],
            ["runs", "3", "0", "0", "0"],
        ]
        assert "runs" not in search("update", "tokens").stdout

    @pytest.mark.usefixtures("recorded")
    def test_rebuild_knows_records_too(self, runs_mirror: RecordMirror) -> None:
        assert search("rebuild", "runs").stdout == (
            f"{runs_mirror.alias} is now {runs_mirror.alias}-000002: 3 documents from PostgreSQL\n"
        )

    def test_a_name_nobody_knows_is_said_with_those_there_are(self) -> None:
        with pytest.raises(KeeperError, match="'token' is none of tokens, runs"):
            search("update", "token")
        refused = search("rebuild", "token")
        assert refused.exit_code == 2
        assert "prices, deals, tokens, runs" in " ".join(refused.stderr.split())


def search(*words: str) -> Result:
    result = CliRunner().invoke(app, ["search", *words])
    if isinstance(result.exception, KeeperError):
        raise result.exception
    return result
