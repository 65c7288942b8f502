"""What operators see and do by the API: runs, tokens, topics, dead letters, storage, numbers."""

import os
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from keeper.cli.streams.heartbeats import heartbeat_in
from keeper.clock import utc_now
from keeper.console.api.streams import topics
from keeper.domain.runs.states import RunState
from keeper.domain.tokens.balance import TokenReading
from keeper.domain.users.access import Scope
from keeper.errors import TransientError
from keeper.stores.postgres.connection import Connection, PostgresConfig
from keeper.stores.postgres.row_counts import count_rows
from keeper.stores.postgres.runs.runs import (
    QuarantinedRecord,
    RunCounts,
    finish_run,
    quarantine,
    start_run,
)
from keeper.stores.postgres.tokens.ledger import TokenLedger
from keeper.streams.config import KafkaConfig
from keeper.streams.topic_reader import TopicReader
from tests.console_server import ANN, BOSS, STARTED, Console
from tests.dead_letters import publish_letters
from tests.services import Stack
from tests.stored_prices import store_current_price
from tests.waiting import wait_until
from tests.work_records import ask_keepa

RUN = "track_prices/scheduled__2030-01-01T06:00:00+00:00"
REBUILDS = "/api/v1/search/rebuilds"
PAGED = (
    "audit-log",
    "notices",
    "quarantine",
    "reconciliations",
    "requests",
    "runs",
    "tokens/ledger",
)
"""Lists that say how many there are in all."""


@pytest.fixture
def boss(console: Console) -> httpx.Client:
    return console.program(BOSS, Scope.OPERATIONS_READ, Scope.OPERATIONS_WRITE, Scope.WATCHES_READ)


class Worker:
    """`keeper carry-out` as a process."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self._environment = environment
        self._folder = folder
        self.command = [str(Path(sys.executable).with_name("keeper")), "carry-out"]

    def run_once(self) -> None:
        self.keeper("carry-out", "--once")

    def keeper(self, *words: str) -> None:
        command = [self.command[0], *words]
        subprocess.run(command, env=self._environment, cwd=self._folder, check=True)

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self.command, env=self._environment, cwd=self._folder)

    def says(self) -> list[str] | None:
        beat = heartbeat_in(self._folder / "carry-out.alive")
        return None if beat is None else beat.says()


@pytest.fixture
def worker(console: Console, database: PostgresConfig, stack: Stack, tmp_path: Path) -> Worker:
    """The worker of requests on the test's database, by whose clock the console goes."""
    console.clock.now = utc_now()
    environment = os.environ | {
        "DATABASE_URL": database.url,
        "KAFKA_BOOTSTRAP_SERVERS": stack["KAFKA_BOOTSTRAP_SERVERS"],
        "ELASTICSEARCH_URL": stack["ELASTICSEARCH_URL"],
        "KEEPER_RUN_DIR": str(tmp_path),
    }
    return Worker(environment, tmp_path)


def run_once(connection: Connection, run_id: str = RUN, *, hour: float = 0) -> None:
    started = STARTED - timedelta(hours=6 - hour)
    start_run(
        connection,
        run_id=run_id,
        dag_id=run_id.partition("/")[0],
        source="simulator",
        started_at=started,
        products_planned=7,
    )
    finish_run(
        connection,
        run_id=run_id,
        state=RunState.FAILED if "x" in run_id else RunState.SUCCESS,
        finished_at=started + timedelta(minutes=2),
        counts=RunCounts(products_fetched=5, records_checked=9, records_quarantined=2),
        problem=None,
    )


def every(client: httpx.Client, url: str, **params: Any) -> list[Any]:
    """Return the items of all pages."""
    items, cursor = [], None
    for _ in range(50):
        page = client.get(url, params={**params, **({"cursor": cursor} if cursor else {})})
        assert page.status_code == 200, page.text
        items += page.json()["items"]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            return items
    raise AssertionError("the pages never end")


def test_runs_are_listed_page_by_page_and_one_is_shown(
    console: Console, boss: httpx.Client
) -> None:
    # Three begin at the same time.
    names = [f"track_prices/manual__{number}" for number in range(3)]
    for name in names:
        run_once(console.connection, name)
    run_once(console.connection, "report_deals/x", hour=1)
    run_once(console.connection, RUN, hour=-1)
    rejected = QuarantinedRecord(1, 0, "expect_price", "price", {"asin": "B00EXAMPL0"})
    quarantine(console.connection, names[0], [rejected])

    found = every(boss, "/api/v1/runs", limit=2)
    assert [run["id"] for run in found] == ["report_deals/x", *reversed(names), RUN]
    of_dag = every(boss, "/api/v1/runs", dag_id="report_deals", state="FAILED")
    assert [run["id"] for run in of_dag] == ["report_deals/x"]
    since = (STARTED - timedelta(hours=6)).isoformat()
    assert len(every(boss, "/api/v1/runs", since=since)) == 4

    shown = boss.get(f"/api/v1/runs/{names[0]}")
    run = shown.json()
    assert (run["id"], run["state"], run["seconds"]) == (names[0], "SUCCESS", 120.0)
    assert run["rejected"] == [
        {"batch": 1, "expectation": "expect_price", "column": "price", "records": 1}
    ]
    again = boss.get(f"/api/v1/runs/{names[0]}", headers={"If-None-Match": shown.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert boss.get(f"/api/v1/runs/{RUN.replace('/', '%2F')}").json()["id"] == RUN
    assert boss.get("/api/v1/runs/none").status_code == 404
    assert boss.get("/api/v1/runs/%00").status_code == 404
    wrong = boss.get("/api/v1/runs", params={"cursor": "WyItc3RhcnRlZF9hdCIsIngiLDBd"})
    assert wrong.json()["type"].endswith("#bad-cursor")


def test_lists_say_how_many_there_are_in_all(console: Console, boss: httpx.Client) -> None:
    for hour in range(3):
        run_once(console.connection, f"track_prices/{'x' * (hour == 0)}{hour}", hour=hour)
    records = [QuarantinedRecord(1, row, "expect_price", "price", {}) for row in range(2)]
    quarantine(console.connection, "track_prices/1", records)
    counts = {}
    for path in PAGED:
        answer = boss.get(f"/api/v1/{path}", params={"total": True, "limit": 1}).json()
        counts[path] = (answer["total"], len(every(boss, f"/api/v1/{path}")))
        assert boss.get(f"/api/v1/{path}").json()["total"] is None
    assert {path: total for path, (total, rows) in counts.items() if total != rows} == {}
    assert (counts["runs"][0], counts["quarantine"][0]) == (3, 2)
    failed = boss.get("/api/v1/runs", params={"state": "FAILED", "total": True}).json()
    assert failed["total"] == 1


def test_no_more_rows_are_counted_than_the_most(connection: Connection) -> None:
    page = "SELECT number FROM generate_series(1, 20) AS number LIMIT %(most)s"
    assert count_rows(connection, page, {}, most=7) == 7
    assert count_rows(connection, page, {}) == 20


def test_the_products_of_a_run_are_those_whose_price_came_with_it(
    console: Console, boss: httpx.Client
) -> None:
    asins = [f"B00EXAMPL{number}" for number in range(3)]
    for price, asin in enumerate(asins):
        store_current_price(console.connection, asin, at=STARTED, price=price * 100 or None)
    console.connection.execute(
        """
        WITH later AS (INSERT INTO price_origins (run_id, source) VALUES (%s, 'simulator')
            RETURNING origin_id)
        UPDATE price_series SET origin_id = (SELECT origin_id FROM later) WHERE asin = %s
        """,
        (RUN, asins[2]),
    )

    found = every(boss, "/api/v1/run-prices", run_id="stored", limit=1)
    assert [(one["asin"], one["price"]) for one in found] == [
        (asins[0], None),
        (asins[1], {"minor": 100, "currency": "USD", "text": "$1.00"}),
    ]
    (later,) = every(boss, "/api/v1/run-prices", run_id=RUN)
    assert (later["asin"], later["price_type"]) == (asins[2], "NEW")
    assert every(boss, "/api/v1/run-prices", run_id="none") == []
    assert boss.get("/api/v1/run-prices").status_code == 422


def test_rejected_records_are_listed(console: Console, boss: httpx.Client) -> None:
    run_once(console.connection)
    records = [
        QuarantinedRecord(1, row, "expect_price", "price", {"asin": f"B00EXAMPL{row}", "n": row})
        for row in range(3)
    ]
    quarantine(console.connection, RUN, records)

    found = every(boss, "/api/v1/quarantine", limit=2, run_id=RUN)
    assert [one["row_number"] for one in found] == [2, 1, 0]
    assert found[0]["record"] == {"asin": "B00EXAMPL2", "n": 2}
    (one,) = every(boss, "/api/v1/quarantine", asin="B00EXAMPL1")
    assert one["expectation"] == "expect_price"
    assert every(boss, "/api/v1/quarantine", expectation="expect_other") == []


def test_tokens_show_balance_use_plan_and_ledger(console: Console, boss: httpx.Client) -> None:
    assert boss.get("/api/v1/tokens").json()["items"] == []
    assert boss.get("/api/v1/tokens/plan").json()["summary"] is None
    for hour in range(3):
        ask_keepa(console.connection, hour=hour)
    now = console.clock.now
    reading = TokenReading(100, 5, now + timedelta(seconds=30), now)
    TokenLedger(console.connection, account="keepa:77", run=None).observe(reading)
    ann = console.program(ANN, Scope.WATCHES_WRITE)
    ann.post("/api/v1/watches", json={"product": "B00EXAMPL0", "target": "9.99"})

    console.clock.move(minutes=1)
    of_keepa, simulated = boss.get("/api/v1/tokens").json()["items"]
    assert (of_keepa["source"], of_keepa["left"], of_keepa["most"]) == ("keepa", 105, 300)
    assert (simulated["source"], simulated["spent"]) == ("simulator", [])
    since = {"since": "2026-01-01T00:00:00Z"}
    (use,) = boss.get("/api/v1/tokens", params=since).json()["items"][1]["spent"]
    assert (use["endpoint"], use["requests"], use["charged"]) == ("product", 3, 27)

    plan = boss.get("/api/v1/tokens/plan").json()
    assert (plan["products_now"], plan["products_later"]) == (1, 0)
    assert plan["now"][0]["asin"] == "B00EXAMPL0"
    assert plan["summary"].startswith("1 tokens of 105")

    ledger = every(boss, "/api/v1/tokens/ledger", limit=2)
    assert [one["tokens_charged"] for one in ledger] == [9, 9, 9]
    assert every(boss, "/api/v1/tokens/ledger", state="UNKNOWN") == []
    assert len(every(boss, "/api/v1/tokens/ledger", run_id="track_prices/scheduled__1")) == 3


def test_topics_show_who_is_behind(console: Console, boss: httpx.Client, topic: str) -> None:
    names = {one["name"]: one for one in boss.get("/api/v1/topics").json()["items"]}
    assert names[topic] == {"name": topic, "partitions": 1, "messages": 0, "readers": []}
    shown = boss.get(f"/api/v1/topics/{topic}").json()
    assert shown["partitions"] == [{"partition": 0, "first": 0, "next": 0, "groups": {}}]
    assert boss.get("/api/v1/topics/none").status_code == 404
    lag = boss.get("/api/v1/lag").json()
    assert lag["unread"] == sum(one["unread"] for one in lag["items"])


def test_dead_letters_are_listed_shown_and_replayed_by_the_worker(
    console: Console, boss: httpx.Client, topic: str, kafka: KafkaConfig, worker: Worker
) -> None:
    publish_letters(kafka, topic, [b"rubbish", b"\xff", None, b"last"])
    letters = f"/api/v1/topics/{topic}/dead-letters"
    found = every(boss, letters, limit=3)
    assert [one["place"] for one in found] == ["0:0", "0:1", "0:2", "0:3"]
    assert [one["key"] for one in every(boss, letters, reason="JSON 4")] == ["key-4"]
    assert boss.get(letters).json()["reasons"] == {"no JSON …": 4}
    second = boss.get(f"{letters}/0:1").json()
    assert (second["value"], second["headers"]["reason"]) == ("\\xff", "no JSON 2")
    assert b64decode(second["value_base64"]) == b"\xff"
    assert boss.get(f"{letters}/0:99").status_code == 404
    assert boss.get("/api/v1/topics/none/dead-letters").status_code == 404

    asked = boss.post(f"{letters}/replays", json={})
    again = boss.post(f"{letters}/replays", json={})
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
    assert asked.headers["Location"] == again.headers["Location"]
    worker.run_once()

    done = boss.get(asked.headers["Location"]).json()
    assert (done["state"], done["result"]) == ("done", {"published": 3, "passed_over": 1})
    assert every(boss, letters, only_left=True) == []
    with TopicReader(kafka) as reader:
        values = [message.value() for message in reader.read(topic, {0: 0})]
    assert values == [b"rubbish", b"\xff", b"last"]
    # A second one has nothing left to publish; a single letter is published whenever asked.
    nothing = boss.post(f"{letters}/replays", json={}).headers["Location"]
    single = boss.post(f"{letters}/replays", json={"place": "0:3"}).headers["Location"]
    gone = boss.post(f"{letters}/replays", json={"place": "0:99"}).headers["Location"]
    worker.run_once()
    assert boss.get(nothing).json()["result"]["published"] == 0
    assert boss.get(single).json()["result"]["published"] == 1
    assert boss.get(gone).json()["problem"] == "there is no dead letter at 0:99"
    audit = [one["action"] for one in boss.get("/api/v1/audit-log").json()["items"]]
    assert {"replay-dead-letters asked", "replay-dead-letters done"} <= set(audit)


def test_an_index_is_made_anew_by_a_request_that_may_be_cancelled(
    console: Console, boss: httpx.Client, worker: Worker
) -> None:
    asked = boss.post(REBUILDS, json={"index": "deals"})
    cancelled = boss.delete(asked.headers["Location"])
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    location = boss.post(REBUILDS, json={"index": "runs"}).headers["Location"]
    run_once(console.connection)
    worker.run_once()

    done = boss.get(location).json()
    assert (done["state"], done["result"]["documents"]) == ("done", 1)
    assert boss.get(asked.headers["Location"]).json()["state"] == "cancelled"
    listed = every(boss, "/api/v1/requests", limit=1)
    assert [one["state"] for one in listed] == ["done", "cancelled"]
    assert every(boss, "/api/v1/requests", state="waiting") == []
    assert boss.post(REBUILDS, json={"index": "products"}).status_code == 422


def test_storage_and_notices_are_listed(console: Console, boss: httpx.Client) -> None:
    console.connection.execute(
        "INSERT INTO operator_notices (topic, subject, details, since, raised_at, last_seen_at,"
        " resolved_at) VALUES ('tokens', 'few tokens', 'wait', %(at)s, %(at)s, %(at)s, NULL),"
        " ('lag', 'behind', 'look', %(at)s, %(at)s, %(at)s, %(at)s)",
        {"at": STARTED},
    )
    storage = boss.get("/api/v1/storage").json()
    assert "audit_log" in {table["name"] for table in storage["tables"]}
    assert storage["bytes"] == sum(table["bytes"] for table in storage["tables"])
    # By the console's clock it is 2030.
    assert [problem[:39] for problem in storage["problems"]] == [
        "price_points has no partition for today"
    ]
    console.clock.now = utc_now()
    assert boss.get("/api/v1/storage").json()["problems"] == []
    assert [one["topic"] for one in every(boss, "/api/v1/notices")] == ["tokens"]
    assert len(every(boss, "/api/v1/notices", with_resolved=True, limit=1)) == 2
    assert every(boss, "/api/v1/notices", with_resolved=True, topic="lag")[0]["subject"] == "behind"


def test_the_summary_counts_what_is_ones_own(console: Console, boss: httpx.Client) -> None:
    ann = console.program(ANN, Scope.WATCHES_WRITE, Scope.WATCHES_READ)
    for asin in ("B00EXAMPL0", "B00EXAMPL1"):
        ann.post("/api/v1/watches", json={"product": asin, "target": "9.99"})
    console.connection.execute("UPDATE watched_products SET created_at = %s", (STARTED,))
    run_once(console.connection, "track_prices/x")
    mine = ann.get("/api/v1/summary").json()
    assert (mine["watches"], mine["products"], mine["at_target"], mine["stale"]) == (2, 2, 0, 0)
    assert mine["runs_failed_24h"] is None
    whole = boss.get("/api/v1/summary").json()
    assert (whole["watches"], whole["runs_failed_24h"], whole["notices_open"]) == (2, 1, 0)
    watcher = console.program(BOSS, Scope.WATCHES_READ)
    assert watcher.get("/api/v1/summary").json()["runs_failed_24h"] is None
    ben = console.program("ben@example.org", Scope.WATCHES_READ).get("/api/v1/summary").json()
    assert (ben["watches"], ben["last_checked_at"]) == (0, None)


def test_the_status_names_hosts_to_operators_alone(console: Console, boss: httpx.Client) -> None:
    reader = console.program(ANN, Scope.WATCHES_READ).get("/api/v1/status").json()
    assert reader["status"] == "ready"
    assert reader["parts"] == [{"part": "postgres", "state": "ready", "says": None}]
    (part,) = boss.get("/api/v1/status").json()["parts"]
    assert part["says"] == "17 on db.local"


def test_kafka_away_is_a_503_that_names_it(
    make_running: Callable[..., Console], monkeypatch: pytest.MonkeyPatch
) -> None:
    console = make_running()
    boss = console.program(BOSS, Scope.OPERATIONS_READ)
    asked = []

    def fail(kafka: KafkaConfig) -> None:
        asked.append(kafka)
        raise TransientError("kafka.internal does not answer")

    monkeypatch.setattr(topics, "lag_of_all", fail)
    for _ in range(3):
        answer = boss.get("/api/v1/lag")
        assert (answer.status_code, answer.json()["part"]) == (503, "kafka")
        assert answer.headers["Retry-After"] == "5"
        assert "internal" not in answer.text
    # The breaker asks for all, once.
    assert len(asked) == 1
    console.clock.move(seconds=6)
    assert boss.get("/api/v1/lag").status_code == 503
    assert len(asked) == 2
    assert boss.get("/api/v1/tokens").status_code == 200


def test_the_worker_waits_for_requests_beats_and_ends_when_asked(
    console: Console, boss: httpx.Client, worker: Worker
) -> None:
    with worker.start() as process:
        try:
            wait_until(lambda: worker.says() == [], "its heartbeat")
            location = boss.post(REBUILDS, json={"index": "runs"}).headers["Location"]
            wait_until(lambda: boss.get(location).json()["state"] == "done", "the request")
        finally:
            process.terminate()
    assert process.returncode == 0


def test_what_a_command_rebuilds_is_in_the_audit_log_too(
    console: Console, boss: httpx.Client, worker: Worker
) -> None:
    worker.keeper("search", "rebuild", "runs")
    (entry,) = [
        one
        for one in boss.get("/api/v1/audit-log").json()["items"]
        if one["action"] == "rebuild-search done"
    ]
    assert (entry["actor"], entry["subject"]) == ("command", "index runs")
