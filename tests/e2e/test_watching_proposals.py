"""A real Airflow run that proposes products and asks a person which of them to watch.

It adds to the watch list, so it comes after the tests that count what the demo watches.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from keeper.orchestration.runs.names import run_name
from stack.context import load_stack
from stack.layout import Layout
from tests.e2e.airflow_questions import Questions
from tests.e2e.conftest import Rows
from tests.e2e.runs import trigger, wait_for_end
from tests.keepa_simulator import keeper_command
from tests.services import Stack
from tests.waiting import HUNG_AFTER_S, wait_until

DAG = "discover_products"
READER = "finder@example.org"


@pytest.fixture(scope="module")
def airflow(stack: Stack) -> Iterator[Questions]:
    """A session whose DAG is running, its scheduled run, which had nothing to look for, ended."""
    home = Path(stack["KEEPER_RUN_DIR"]).parent
    with Questions.of(load_stack(Layout(home), os.environ)) as api:
        api.wait_for_dag(DAG, HUNG_AFTER_S)
        api.unpause(DAG)
        wait_until(lambda: api.runs(DAG), "the scheduler's run of the open week", every_s=0.5)
        assert wait_for_end(api, DAG, api.runs(DAG)[0]) == "success"
        yield api


@pytest.fixture(scope="module")
def search(airflow: Questions, stack: Stack) -> str:
    """A saved search for the best sellers of a category."""
    (found, *_) = keeper(stack, "categories", "--search", "electronics").splitlines()
    category = found.split()[0]
    words = ("--category", category, "--propose", "4", "--below-average", "10", "--name", "e2e")
    assert keeper(stack, "add", "best-sellers", *words).startswith("saved: ")
    return category


def keeper(stack: Stack, *words: str) -> str:
    done = subprocess.run(
        keeper_command("discover", *words),
        env=os.environ | stack.environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def begin(airflow: Questions, **params: object) -> str:
    return trigger(airflow, DAG, {"user": READER, **params})


def end(airflow: Questions, run_id: str) -> str:
    return wait_for_end(airflow, DAG, run_id)


def answer(airflow: Questions, run_id: str, option: str) -> None:
    airflow.wait(DAG, run_id, "approve", "awaiting_input")
    # Airflow forgets an answer that comes before its scheduler has noticed that the task waits,
    # of which it notifies nobody, and asks again; people are never that quick.
    time.sleep(5)
    airflow.answer(DAG, run_id, "approve", [option])


def spent_by(rows: Rows, run_id: str) -> int:
    (row,) = rows(
        "SELECT sum(tokens_charged)::int AS tokens FROM token_ledger"
        f" WHERE run_id = '{run_name(DAG, run_id)}'"
    )
    return row["tokens"] or 0


def test_without_a_search_nobody_is_asked(airflow: Questions) -> None:
    (first,) = airflow.runs(DAG)

    states = airflow.states(DAG, first)

    assert (states["approve"], states["decide"]) == ("skipped", "skipped")
    assert states["summarise"] == "success"


@pytest.mark.usefixtures("search")
def test_a_question_nobody_answered_is_asked_again_and_the_product_chosen_is_watched(
    airflow: Questions, rows: Rows
) -> None:
    unanswered = begin(airflow, answer_within_h=0.001)
    assert end(airflow, unanswered) == "success"
    states = airflow.states(DAG, unanswered)
    assert (states["approve"], states["decide"]) == ("skipped", "skipped")
    assert rows("SELECT DISTINCT state FROM product_proposals") == [{"state": "PROPOSED"}]
    # A token each, and another for a rating that Keepa has looked at lately.
    assert 50 + 4 < spent_by(rows, unanswered) <= 50 + 8

    run_id = begin(airflow)
    airflow.wait(DAG, run_id, "approve", "awaiting_input")
    airflow.wait(DAG, run_id, "summarise", "success")
    question = airflow.question(DAG, run_id, "approve")
    states = airflow.states(DAG, run_id)
    before = rows("SELECT asin FROM product_proposals")
    chosen = question["options"][-1]

    answer(airflow, run_id, chosen)

    assert end(airflow, run_id) == "success"
    assert {"running", "queued"}.isdisjoint(states.values()), "a worker is held while waiting"
    assert "SIMULATED" in question["body"]
    assert len(before) == 4, "what was asked before is asked again, and nothing more"
    asin = chosen.split()[1]
    watched = (
        f"SELECT w.* FROM watched_products w JOIN users USING (user_id) WHERE email = '{READER}'"
    )
    (watch,) = rows(watched)
    assert (watch["asin"], watch["domain"], watch["status"]) == (asin, "us", "ACTIVE")
    decided = "SELECT state, decided_by, count(*) FROM product_proposals GROUP BY 1, 2 ORDER BY 1"
    after = rows(decided)
    assert after == [
        {"state": "APPROVED", "decided_by": "admin", "count": 1},
        {"state": "REJECTED", "decided_by": "admin", "count": 3},
    ]
    (run,) = rows(f"SELECT * FROM pipeline_runs WHERE run_id = '{run_name(DAG, run_id)}'")
    assert (run["state"], run["tokens_spent"]) == ("SUCCESS", 0)

    airflow.clear(DAG, run_id, "decide")
    assert end(airflow, run_id) == "success"
    assert rows(watched) == [watch]
    assert rows(decided) == after


def test_a_cleared_question_is_decided_as_it_was_shown_though_a_search_is_refused(
    airflow: Questions, rows: Rows, stack: Stack, search: str
) -> None:
    wrong = keeper(stack, "add", "best-sellers", "--category", "5", "--name", "wrong")
    run_id = begin(airflow)
    airflow.wait(DAG, run_id, "approve", "awaiting_input")
    shown = airflow.question(DAG, run_id, "approve")["options"]
    refused = shown[-1].split()[1]
    keeper(stack, "reject", refused)
    # Room for another product, which the question people still see does not name.
    keeper(stack, "add", "best-sellers", "--category", search, "--propose", "9", "--name", "e2e")
    airflow.clear(DAG, run_id, "plan")

    answer(airflow, run_id, "All of them")

    assert end(airflow, run_id) == "failed"
    (run,) = rows(f"SELECT * FROM pipeline_runs WHERE run_id = '{run_name(DAG, run_id)}'")
    assert run["state"] == "FAILED"
    assert "find (us wrong) failed: Keepa has no best sellers of category 5" in run["problem"]
    assert airflow.question(DAG, run_id, "approve")["options"] == shown
    approved = {
        row["asin"] for row in rows("SELECT asin FROM product_proposals WHERE state = 'APPROVED'")
    }
    assert {option.split()[1] for option in shown[3:-1]} <= approved
    assert refused not in approved
    assert rows("SELECT count(*) FROM product_proposals WHERE state = 'PROPOSED'") != [{"count": 0}]
    keeper(stack, "remove", wrong.split()[1])


@pytest.mark.nightly
@pytest.mark.usefixtures("search")
def test_a_run_cleared_whole_asks_and_pays_nothing_more(airflow: Questions, rows: Rows) -> None:
    run_id = begin(airflow)
    answer(airflow, run_id, "None of them")
    assert end(airflow, run_id) == "success"
    spent = spent_by(rows, run_id)
    proposals = rows("SELECT * FROM product_proposals ORDER BY asin")

    airflow.clear(DAG, run_id, "plan")

    assert end(airflow, run_id) == "success"
    assert airflow.states(DAG, run_id)["approve"] == "skipped"
    assert rows("SELECT * FROM product_proposals ORDER BY asin") == proposals
    assert spent_by(rows, run_id) == spent
