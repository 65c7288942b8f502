"""The task that copies requests and runs to Elasticsearch, by Airflow's Connections."""

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowSkipException

from keeper.orchestration.check_operations import mirror_records
from keeper.pipeline.search import records as pipeline
from keeper.pipeline.search.records import RecordMirror
from keeper.stores.elasticsearch.connection import SearchRejectedError
from keeper.stores.postgres.connection import Connection, PostgresConfig
from tests.services import Stack, free_port
from tests.work_records import ask_keepa, run_pipeline


@pytest.fixture
def connect(
    database: PostgresConfig,
    tokens_mirror: RecordMirror,
    runs_mirror: RecordMirror,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[str], None]:
    """Makes Airflow's Connections: the test's database, and Elasticsearch at a URL."""

    def make(elasticsearch: str) -> None:
        for name, kind, url in (
            ("POSTGRES", "postgres", urlsplit(database.url)),
            ("ELASTICSEARCH", "elasticsearch", urlsplit(elasticsearch)),
        ):
            said = {
                "conn_type": kind,
                "host": url.hostname,
                "port": url.port,
                "login": url.username,
                "password": url.password,
                "schema": url.path.lstrip("/") or url.scheme,
            }
            monkeypatch.setenv(f"AIRFLOW_CONN_KEEPER_{name}", json.dumps(said))

    own = {"tokens": tokens_mirror, "runs": runs_mirror}
    monkeypatch.setattr(pipeline, "RECORD_MIRRORS", own)
    return make


def test_it_copies_both_and_returns_counts(
    stack: Stack, connection: Connection, connect: Callable[[str], None]
) -> None:
    connect(stack["ELASTICSEARCH_URL"])
    ask_keepa(connection)
    run_pipeline(connection, "1")
    run_pipeline(connection, "2")

    done = mirror_records.function()

    assert {name: one["written"] for name, one in done.items()} == {"tokens": 1, "runs": 2}


def test_while_elasticsearch_is_away_it_is_skipped(connect: Callable[[str], None]) -> None:
    connect(f"http://127.0.0.1:{free_port()}")

    with pytest.raises(AirflowSkipException, match=r"does not answer .* the next run copies"):
        mirror_records.function()


def test_an_index_that_was_never_made_fails_it(
    stack: Stack, connect: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(stack["ELASTICSEARCH_URL"])
    nowhere = replace(pipeline.TOKENS, alias=f"test-{uuid.uuid4().hex}")
    monkeypatch.setattr(pipeline, "RECORD_MIRRORS", {"tokens": nowhere})

    with pytest.raises(SearchRejectedError, match="no such index"):
        mirror_records.function()


def test_notices_do_not_wait_for_it_and_it_waits_for_nothing(dags: dict[str, DAG]) -> None:
    task = dags["check_operations"].get_task("mirror_records")

    assert (task.upstream_task_ids, task.downstream_task_ids) == (set(), {"summarise"})
