"""`make demo` from an empty home: a real Airflow run on real services."""

import email
import email.policy
import json
import re
import subprocess
from pathlib import Path

import httpx
import pytest
from elasticsearch import Elasticsearch

from keeper.domain.site_money import site_money
from tests.e2e.conftest import Rows, run_demo
from tests.services import ROOT, Stack, stack_command

RUNS = "SELECT * FROM pipeline_runs WHERE run_id LIKE '%/demo__%' ORDER BY started_at"


def test_the_run_succeeded_and_all_of_it_was_new(rows: Rows) -> None:
    (run,) = rows(RUNS)

    assert run["state"] == "SUCCESS", run["problem"]
    assert run["source"] == "simulator"
    assert run["products_planned"] == run["products_fetched"] == 300
    assert (run["series_undelivered"], run["series_unreadable"]) == (0, 0)
    assert run["records_quarantined"] == 0
    assert run["points_stored"] == run["events_published"] > 300
    assert run["alerts_raised"] == run["alerts_sent"] > 0
    assert run["history_stored"] == run["history_published"] > 100_000


def test_each_product_cost_what_its_price_type_does(demo: str, rows: Rows) -> None:
    bill = {
        row["detail"]: (row["products"], row["tokens"])
        for row in rows(
            "SELECT detail, sum(products)::int AS products, sum(tokens_charged)::int AS tokens"
            " FROM token_ledger WHERE detail IS NOT NULL GROUP BY detail"
        )
    }
    (basic, buy_box, offers) = (bill[name] for name in ("basic", "buy_box", "offers"))

    assert basic[0] == basic[1]
    assert buy_box[1] == 3 * buy_box[0]
    assert 5 * offers[0] <= offers[1] <= 12 * offers[0]
    plain = re.sub(r"\x1b\[[0-9;]*m", "", demo)
    assert f"{offers[0]} products with their offers for {offers[1]}" in plain


def test_every_watched_price_is_current_in_three_locales(rows: Rows) -> None:
    (counts,) = rows(
        "SELECT count(*) AS watched, count(c.asin) AS priced, count(DISTINCT w.domain) AS locales,"
        " count(*) FILTER (WHERE w.last_checked_at IS NULL) AS unchecked"
        " FROM watched_products w LEFT JOIN current_prices c USING (asin, domain, price_type)"
    )

    assert counts == {"watched": 300, "priced": 300, "locales": 3, "unchecked": 0}


def test_elasticsearch_has_the_same_points(rows: Rows, stack: Stack) -> None:
    (stored,) = rows("SELECT count(*) AS points FROM price_history")
    sample = rows("SELECT * FROM price_history ORDER BY md5(asin || observed_at) LIMIT 2000")
    ids = [
        f"{row['domain']}:{row['asin']}:{row['price_type']}:{row['observed_at']:%Y%m%dT%H%MZ}"
        for row in sample
    ]
    with Elasticsearch(stack["ELASTICSEARCH_URL"]) as search:
        search.indices.refresh(index="keeper-prices")
        count = search.count(index="keeper-prices")["count"]
        found = search.mget(index="keeper-prices", ids=ids)["docs"]

    assert count == stored["points"]
    assert [document["_source"]["price_minor"] for document in found] == [
        row["price_minor"] for row in sample
    ]


def test_each_alert_is_one_mail_that_says_its_facts(rows: Rows, stack: Stack) -> None:
    mails = {}
    for file in Path(stack["KEEPER_RUN_DIR"]).parent.joinpath("mail").rglob("*.eml"):
        message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        for alert in filter(None, (message["X-Keeper-Alerts"] or "").split(",")):
            assert int(alert) not in mails, "an alert was mailed twice"
            mails[int(alert)] = message
    alerts = rows("SELECT * FROM price_alerts JOIN users USING (user_id)")

    assert {alert["alert_id"] for alert in alerts} == mails.keys()
    for alert in alerts:
        mail = mails[alert["alert_id"]]
        body = mail.get_body(("plain",))
        assert body is not None
        text = body.get_content()
        assert mail["To"] == alert["email"]
        assert "SIMULATED PRICE" in text
        assert alert["asin"] in text
        assert site_money(alert["price_minor"], alert["domain"]) in text


def test_the_links_in_a_mail_lead_to_the_console(stack: Stack) -> None:
    files = Path(stack["KEEPER_RUN_DIR"]).parent.joinpath("mail").rglob("*.eml")
    mails = (
        email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files
    )
    # Notices to the operator come too, on a slow machine for one.
    message = next(mail for mail in mails if mail["X-Keeper-Alerts"])
    body = message.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    (link,) = re.findall(r"Snooze for a week: (\S+)", text)

    answer = httpx.get(link, trust_env=False)

    assert answer.status_code == 200
    assert "Hold the alerts of" in answer.text


def test_the_summary_says_what_is_true(demo: str, rows: Rows) -> None:
    (run,) = rows(RUNS)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", demo)

    assert f"{run['points_stored']} new, {run['history_stored']} older" in plain
    assert "http://127.0.0.1" in plain


def test_data_docs_and_raw_replies_of_the_runs_are_kept(stack: Stack, rows: Rows) -> None:
    home = Path(stack["KEEPER_RUN_DIR"]).parent
    entries = [json.loads(file.read_bytes()) for file in (home / "lake").rglob("*.entry.json")]

    assert list((home / "data-docs").rglob("index.html"))
    (spent,) = rows("SELECT sum(tokens_charged) AS tokens FROM token_ledger")
    assert sum(entry["tokens_consumed"] for entry in entries) == spent["tokens"] >= 300
    assert all((home / "lake" / entry["key"]).exists() for entry in entries)


def test_no_secret_is_in_any_log(stack: Stack) -> None:
    home = Path(stack["KEEPER_RUN_DIR"]).parent
    password = stack["DATABASE_URL"].split(":")[2].split("@")[0]
    logs = [file for file in (home / "log").rglob("*") if file.is_file()]
    logs += (home / "airflow" / "logs").rglob("*.log")

    assert len(password) >= 12
    assert len(logs) > 10
    leaks = [file for file in logs if password.encode() in file.read_bytes()]
    assert leaks == []


@pytest.mark.usefixtures("stack")
def test_status_is_healthy() -> None:
    done = subprocess.run([*stack_command(), "status"], cwd=ROOT, check=False)

    assert done.returncode == 0


@pytest.mark.nightly
@pytest.mark.usefixtures("stack")
def test_a_second_demo_finds_nothing_new(rows: Rows) -> None:
    run_demo()

    first, second = rows(RUNS)
    assert second["state"] == "SUCCESS", second["problem"]
    assert second["products_planned"] == second["products_fetched"] == second["tokens_spent"] == 300
    assert second["events_published"] == first["events_published"]
    assert second["points_stored"] == second["alerts_raised"] == 0
    assert second["history_published"] == second["history_stored"] == 0
