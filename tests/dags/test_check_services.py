"""Each outside system is touched once, and one that is away leaves the others' colours alone."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from keeper.pipeline.services.names import SERVICES
from tests.chat_server import TOKEN, ChatServer
from tests.dags.conftest import RunDag
from tests.keepa_simulator import Simulator
from tests.services import free_port


def keepa(url: str) -> str:
    connection = {"conn_type": "http", "host": url, "password": "simulator"}
    return json.dumps(connection)


@pytest.fixture
def everything(simulate: Callable[..., Simulator], chat: ChatServer) -> dict[str, str]:
    """What names every service, all of which answer; the stack's own names the rest."""
    return {
        "AIRFLOW_CONN_KEEPER_KEEPA": keepa(simulate().url),
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "KEEPER_TELEGRAM_URL": chat.url,
        "DISCORD_WEBHOOK": chat.webhook,
    }


def test_each_service_says_how_it_is(
    run_dag: RunDag, everything: dict[str, str], migrated_stores: None, tmp_path: Path
) -> None:
    run = run_dag("check_services", **everything)

    assert run.state == "success", run.log
    assert set(run.states.values()) == {"success"}
    assert run.results["summarise"] == f"{len(SERVICES)} of {len(SERVICES)} services answer"
    said = {name: run.results[f"check_{name}"] for name in SERVICES}
    assert "0 active watches" in said["postgres"]
    assert "1 brokers" in said["kafka"]
    assert "documents in keeper-prices" in said["elasticsearch"]
    assert said["keepa"].startswith("the simulator: ")
    assert "250" in said["mail"]
    assert said["chats"] == "Telegram: bot keeper_bot; Discord main: webhook main (Deals)"
    assert list((tmp_path / "lake" / "checks").iterdir()) == [], "its probe is deleted"
    assert TOKEN not in run.log


def test_one_that_is_away_is_red_alone_and_says_what_to_do(
    run_dag: RunDag, everything: dict[str, str], migrated_stores: None, tmp_path: Path
) -> None:
    nowhere = free_port()
    (tmp_path / "lake").write_text("a file where the lake should be")

    run = run_dag(
        "check_services",
        **everything
        | {
            "AIRFLOW_CONN_KEEPER_KAFKA": json.dumps(
                {"conn_type": "kafka", "extra": {"bootstrap.servers": f"127.0.0.1:{nowhere}"}}
            ),
            "AIRFLOW_CONN_KEEPER_KEEPA": keepa(f"http://127.0.0.1:{nowhere}"),
            "SMTP_PORT": str(nowhere),
            "TELEGRAM_BOT_TOKEN": "1:of-nobody",
        },
    )

    red = {"check_kafka", "check_keepa", "check_mail", "check_lake", "check_chats"}
    assert run.state == "failed"
    assert {task for task, state in run.states.items() if state != "success"} == red | {"summarise"}
    line = run.summaries["summarise"]
    assert line.startswith("2 of 7 services answer; failed or not configured: kafka, keepa, lake")
    for remedy in (
        "Kafka does not answer",
        "Keepa cannot be reached",
        "check SMTP_HOST, SMTP_PORT",
        "the lake at",
        "check TELEGRAM_BOT_TOKEN",
    ):
        assert remedy in run.log
    assert "1:of-nobody" not in run.log


def test_a_database_that_refuses_the_login_is_named_and_the_password_is_not(
    run_dag: RunDag,
    dag_environment: dict[str, str],
    everything: dict[str, str],
    migrated_stores: None,
) -> None:
    right = json.loads(dag_environment["AIRFLOW_CONN_KEEPER_POSTGRES"])
    wrong = json.dumps(right | {"password": "MarkedDatabaseWord7f3a9c"})

    run = run_dag("check_services", **everything | {"AIRFLOW_CONN_KEEPER_POSTGRES": wrong})

    assert (run.state, run.states["check_postgres"]) == ("failed", "failed")
    assert "password authentication failed" in run.log
    assert "MarkedDatabaseWord7f3a9c" not in run.log


def test_what_is_not_configured_is_skipped(
    run_dag: RunDag, everything: dict[str, str], migrated_stores: None
) -> None:
    blank = dict.fromkeys(("TELEGRAM_BOT_TOKEN", "DISCORD_WEBHOOK", "SMTP_HOST"), "")

    run = run_dag("check_services", **everything | blank)

    assert run.state == "success"
    assert (run.states["check_mail"], run.states["check_chats"]) == ("skipped", "skipped")
    assert run.results["summarise"] == (
        "5 of 7 services answer; failed or not configured: mail, chats"
    )
