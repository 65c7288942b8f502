"""Checks that people ask for by the API: what they cost, who may, and what is seen of them."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from keeper.domain.users.access import Scope
from keeper.domain.users.limits import DEFAULT_LIMITS, Limit
from keeper.domain.watches.watch import Watch, WatchStatus
from keeper.sources.airflow.api import AirflowApi, AirflowConfig, AirflowUnavailableError
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.watches.watch_list import save_watches
from tests.airflow_server import PASSWORD, USER, Airflow, airflow_server
from tests.console_server import ANN, BEN, BOSS, Clock, Console
from tests.services import free_port

ASIN = "B00EXAMPL0"
CHECK = f"/api/v1/prices/{ASIN}:check"
CHECK_ALL = "/api/v1/prices:check"


@pytest.fixture
def airflow() -> Iterator[Airflow]:
    with airflow_server() as server:
        yield server


@pytest.fixture
def console(make_running: Callable[..., Console], airflow: Airflow) -> Console:
    limits = {**DEFAULT_LIMITS, Limit.CHECKS_AN_HOUR: 2, Limit.TOKENS_A_DAY: 20}
    config = AirflowConfig(airflow.url, USER, PASSWORD)
    return make_running(airflow=AirflowApi(config), limits=limits)


def program(console: Console, email: str) -> httpx.Client:
    return console.program(email, Scope.WATCHES_WRITE, Scope.PRICES_READ)


@pytest.fixture
def ann(console: Console, connection: Connection) -> httpx.Client:
    save_watches(
        connection,
        ANN,
        [
            Watch(ASIN, "us", "NEW", None),
            Watch(ASIN, "us", "BUY_BOX_SHIPPING", None),
            Watch("B00EXAMPL1", "de", "NEW", None),
            Watch("B00EXAMPL2", "us", "NEW", None, WatchStatus.PAUSED),
        ],
    )
    save_watches(connection, BEN, [Watch("B00EXAMPL3", "us", "NEW", None)])
    return program(console, ANN)


def test_a_dry_run_says_what_a_check_costs_and_starts_nothing(
    ann: httpx.Client, airflow: Airflow
) -> None:
    one = ann.post(CHECK, params={"dry_run": True})
    every = ann.post(CHECK_ALL, params={"dry_run": True})

    assert (one.status_code, one.json()) == (200, {"id": None, "products": 1, "tokens": 3})
    assert every.json() == {"id": None, "products": 2, "tokens": 4}
    assert airflow.runs == {}


def test_a_check_starts_a_run_and_says_where_to_look(
    ann: httpx.Client, airflow: Airflow, connection: Connection
) -> None:
    answer = ann.post(CHECK)

    assert (answer.status_code, answer.json()["tokens"]) == (202, 3)
    ((run_id, run),) = airflow.runs.items()
    assert run["conf"] == {"domains": ["us"], "asins": [ASIN]}
    assert run["logical_date"] is None
    place = answer.headers["Location"]
    assert place == f"/api/v1/checks/{run_id}"
    assert ann.get(place).json()["state"] == "queued"
    airflow.states[run_id] = "running"
    assert ann.get(place).json() == {"id": run_id, "state": "running"} | dict.fromkeys(
        (
            "started_at finished_at products_planned products_fetched products_missing"
            " products_postponed tokens_spent"
        ).split()
    )

    connection.execute(
        "INSERT INTO pipeline_runs (run_id, dag_id, source, state, started_at, finished_at,"
        " products_planned, products_fetched, tokens_spent)"
        " VALUES (%s, 'track_prices', 'simulator', 'SUCCESS', now(), now(), 1, 1, 3)",
        (f"track_prices/{run_id}",),
    )
    airflow.status = 500
    done = ann.get(place).json()
    assert (done["state"], done["products_fetched"], done["tokens_spent"]) == ("success", 1, 3)
    entry = connection.execute("SELECT * FROM audit_log ORDER BY entry_id DESC LIMIT 1").fetchone()
    assert entry
    assert (entry["action"], entry["subject"], entry["email"]) == ("check asked for", run_id, ANN)


def test_readers_check_what_they_watch_and_operators_everything(
    console: Console, ann: httpx.Client, airflow: Airflow
) -> None:
    ben, boss = program(console, BEN), program(console, BOSS)

    for answer in (
        ben.post(CHECK),
        ann.post(CHECK, params={"domain": "de"}),
        ann.post("/api/v1/prices/B00EXAMPL2:check"),
    ):
        assert (answer.status_code, answer.json()["type"]) == (404, "/api/v1/problems#not-found")
    assert airflow.runs == {}
    assert boss.post(CHECK_ALL).json()["products"] == 3
    (run,) = airflow.runs.values()
    assert run["conf"] == {
        "domains": ["de", "us"],
        "asins": [ASIN, "B00EXAMPL1", "B00EXAMPL3"],
    }


def test_nobody_sees_the_check_of_another(console: Console, ann: httpx.Client) -> None:
    place = ann.post(CHECK).headers["Location"]
    ben, boss = program(console, BEN), program(console, BOSS)

    assert ben.get(place).status_code == 404
    assert boss.get(place).json()["state"] == "queued"
    unknown = f"{place[:-32]}{'0' * 32}"
    assert ann.get(unknown).status_code == 404
    assert ann.get("/api/v1/checks/scheduled__2026-01-01").status_code == 422


def test_limits_name_themselves_and_operators_have_none(
    console: Console, ann: httpx.Client, airflow: Airflow
) -> None:
    assert [ann.post(CHECK).status_code for _ in range(3)] == [202, 202, 429]
    refused = ann.post(CHECK)
    assert refused.json()["limit"] == "checks_an_hour"
    assert "at most 2 checks an hour" in refused.json()["detail"]
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert ann.post(CHECK, params={"dry_run": True}).status_code == 200
    boss = program(console, BOSS)
    assert [boss.post(CHECK).status_code for _ in range(3)] == [202] * 3

    console.clock.move(hours=2)
    assert len(airflow.runs) == 5
    assert ann.post(CHECK).status_code == 202


def test_tokens_a_day_are_limited_too(
    console: Console, ann: httpx.Client, connection: Connection
) -> None:
    many = [Watch(f"B0{number:08d}", "us", "NEW", None) for number in range(30)]
    save_watches(connection, ANN, many)

    answer = ann.post(CHECK_ALL)

    assert (answer.status_code, answer.json()["limit"]) == (429, "tokens_a_day")
    # What was refused has used up nothing.
    assert [ann.post(CHECK).status_code for _ in range(2)] == [202, 202]


@pytest.mark.parametrize("status", [500, 503, 429])
def test_without_airflow_nothing_is_used_up(
    ann: httpx.Client, airflow: Airflow, status: int
) -> None:
    place = ann.post(CHECK).headers["Location"]
    airflow.status = status

    for answer in (ann.post(CHECK), ann.post(CHECK), ann.get(place)):
        assert (answer.status_code, answer.json()["part"]) == (503, "airflow")
        assert int(answer.headers["Retry-After"]) > 0

    airflow.status = None
    assert ann.post(CHECK).status_code == 202


def test_a_run_that_airflow_may_have_begun_counts_and_is_not_begun_again(
    ann: httpx.Client, airflow: Airflow
) -> None:
    ann.post(CHECK)
    airflow.hangs_up = True

    answer = ann.post(CHECK)

    assert answer.status_code == 202
    assert len(airflow.runs) == 2
    assert ann.get(answer.headers["Location"]).json()["state"] == "queued"
    assert ann.post(CHECK).status_code == 429, "it was the second of two an hour"


def test_without_airflows_address_nothing_is_checked(
    make_running: Callable[..., Console], connection: Connection
) -> None:
    save_watches(connection, ANN, [Watch(ASIN, "us", "NEW", None)])
    ann = program(make_running(), ANN)

    assert ann.post(CHECK, params={"dry_run": True}).status_code == 200
    answer = ann.post(CHECK)
    assert (answer.status_code, answer.json()["part"]) == (503, "airflow")


def test_an_airflow_that_is_gone_is_left_alone_for_a_while() -> None:
    clock = Clock()
    here = AirflowApi(AirflowConfig(f"http://127.0.0.1:{free_port()}", USER, PASSWORD), clock=clock)

    def answers() -> str:
        with pytest.raises(AirflowUnavailableError) as refused:
            here.run_state("track_prices", "x")
        return str(refused.value)

    assert all("check that it runs" in answers() for _ in range(3))
    assert answers() == "Airflow has not answered lately"
    clock.move(seconds=6)
    assert "check that it runs" in answers()


def test_a_new_token_of_airflow_is_fetched_when_the_old_one_has_ended(
    ann: httpx.Client, airflow: Airflow
) -> None:
    ann.post(CHECK)
    ann.post(CHECK)
    assert airflow.logins == 1
    airflow.token = "token-2"

    place = next(iter(airflow.runs))

    assert ann.get(f"/api/v1/checks/{place}").status_code == 200
    assert airflow.logins == 2


def test_a_login_that_airflow_refuses_is_no_matter_of_the_reader(
    make_running: Callable[..., Console], airflow: Airflow, connection: Connection
) -> None:
    save_watches(connection, ANN, [Watch(ASIN, "us", "NEW", None)])
    wrong = AirflowApi(AirflowConfig(airflow.url, USER, "wrong"))
    ann = program(make_running(airflow=wrong), ANN)

    answer = ann.post(CHECK)

    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["part"]) == (503, "airflow")
    assert "wrong" not in answer.text
    assert airflow.url not in answer.text


def test_the_summary_says_when_prices_are_checked_next_and_waits_for_nobody(
    console: Console, airflow: Airflow
) -> None:
    ben = console.program(BEN, Scope.WATCHES_READ)

    def said() -> str | None:
        answer = ben.get("/api/v1/summary")
        assert answer.status_code == 200, answer.text
        moment: str | None = answer.json()["next_check_at"]
        return moment

    airflow.next_run = "2030-01-01T18:00:00Z"
    assert [said(), said()] == ["2030-01-01T18:00:00Z"] * 2
    assert airflow.looks == 1
    # Kept for a minute; then it is asked whether it is still so.
    airflow.next_run = None
    assert said() is not None
    console.clock.move(minutes=2)
    assert said() is None
    airflow.next_run = "2030-01-01T18:00:00Z"
    console.clock.move(minutes=2)
    assert said() is not None
    airflow.status = 500
    console.clock.move(minutes=2)
    assert said() is None
    airflow.status = None
    console.clock.move(hours=7)
    # It should have begun by now.
    assert said() is None
