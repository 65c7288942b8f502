"""Watches as files through the API, and rules tried before they are kept."""

from contextlib import closing
from datetime import timedelta
from typing import Any

import httpx
import pytest

from keeper.domain.users.access import Scope
from keeper.pipeline.watches.import_file import MOST_ROWS
from keeper.stores.postgres.connection import PostgresConfig
from keeper.stores.postgres.prices.writer import PriceWriter
from tests.console_server import ANN, BEN, BOSS, Console
from tests.price_events import price_event

PATH = "/api/v1/watches"
ASIN = "B00EXAMPL0"
FILE = f"""asin;domain;target_price;rules
{ASIN};de;24,99;lowest ever
nonsense;de;1;
https://www.amazon.de/dp/B00EXAMPL1;;9,99;
{ASIN};de;19,99;
"""


@pytest.fixture
def ann(console: Console) -> httpx.Client:
    return console.program(ANN, Scope.WATCHES_READ, Scope.WATCHES_WRITE)


def imported(client: httpx.Client, text: str, **query: Any) -> dict[str, Any]:
    answer = client.post(f"{PATH}/import", content=text, params=query)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


def test_a_dry_run_says_what_an_import_would_do_and_changes_nothing(
    console: Console, ann: httpx.Client
) -> None:
    dry = imported(ann, FILE, dry_run=True)
    assert ann.get(PATH).json()["items"] == []
    real = imported(ann, FILE)

    assert (dry.pop("is_dry_run"), real.pop("is_dry_run")) == (True, False)
    assert dry == real
    assert [real[name] for name in ("added", "changed", "unchanged", "bad")] == [2, 1, 0, 1]
    assert [row["row"] for row in real["rows"]] == [2, 3, 4, 5]
    assert [row["outcome"] for row in real["rows"]] == ["added", None, "added", "changed"]
    assert "nonsense" in real["rows"][1]["problem"]
    assert real["rows"][3]["changes"] == ["target: €24.99 → €19.99"]
    assert len(ann.get(PATH).json()["items"]) == 2
    rows = console.connection.execute(
        "SELECT subject, result FROM audit_log WHERE action = 'watches imported'"
    ).fetchall()
    assert rows == [{"subject": ANN, "result": "2 added, 1 changed, 0 unchanged, 1 bad"}]


def test_what_is_exported_is_imported_as_the_same_and_is_ones_own_alone(
    console: Console, ann: httpx.Client
) -> None:
    imported(ann, FILE)
    ben = console.program(BEN, Scope.WATCHES_READ, Scope.WATCHES_WRITE)
    ben.post(PATH, json={"product": "B00EXAMPL2"})

    file = ann.get(f"{PATH}/export")

    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in file.headers["content-disposition"]
    assert "B00EXAMPL2" not in file.text
    assert imported(ann, file.text)["unchanged"] == 2
    assert imported(ben, file.text)["added"] == 2


def test_a_file_that_is_none_or_too_long_is_refused(ann: httpx.Client) -> None:
    for content in ("", "title\nx\n", "PK\x03\x04"):
        (row,) = imported(ann, content)["rows"]
        assert row["problem"]
    rows = "\n".join(f"B{number:09d}" for number in range(MOST_ROWS + 1))
    answer = ann.post(f"{PATH}/import", content=f"asin\n{rows}\n")
    assert (answer.status_code, answer.json()["type"].partition("#")[2]) == (413, "too-large")
    assert ann.get(PATH).json()["items"] == []


def test_as_many_rows_as_are_allowed_are_imported_at_once(console: Console) -> None:
    # Operators have no limit of watches.
    boss = console.program(BOSS, Scope.WATCHES_READ, Scope.WATCHES_WRITE)
    rows = "\n".join(f"B{number:09d},us,{number + 1}.00" for number in range(MOST_ROWS))
    assert imported(boss, f"asin,domain,target_price\n{rows}\n")["added"] == MOST_ROWS


def test_rules_are_shown_and_explained(ann: httpx.Client) -> None:
    forms = ann.get("/api/v1/rules").json()["items"]
    assert len(forms) >= 10
    assert all(one["sentence"].startswith("Alerts when") for one in forms)
    query = {"text": "lowest in 90 days and below 50", "domain": "jp"}
    (rule,) = ann.get("/api/v1/rules", params=query).json()["items"]
    assert "¥50" in rule["sentence"]
    forms = {one["template"]: one for one in ann.get("/api/v1/rules/forms").json()["items"]}
    average = forms["{percent}% below {days}-day average"]
    assert [one["name"] for one in average["parameters"]] == ["percent", "days"]
    assert average["parameters"][1]["choices"] == [30, 90]
    assert forms["lowest ever"]["parameters"] == []
    refused = ann.get("/api/v1/rules", params={"text": "sometimes"})
    assert (refused.status_code, refused.json()["type"].partition("#")[2]) == (400, "unclear-rule")


def test_a_watch_is_tried_against_history_before_it_is_kept(
    console: Console, ann: httpx.Client, database: PostgresConfig
) -> None:
    events = [price_event(price, asin=ASIN, hour=hour) for hour, price in ((0, 5000), (2, 900))]
    with closing(PriceWriter(database)) as writer:
        writer.store(events)
    console.clock.now = events[-1].checked_at + timedelta(hours=1)
    body = {"product": ASIN, "target": "10", "rules": ["any change"], "days": 30}

    trial = ann.post(f"{PATH}:try", json=body).json()

    (alert,) = trial["alerts"]
    assert alert["price"] == {"minor": 900, "currency": "USD", "text": "$9.00"}
    assert len(alert["reasons"]) == 2
    assert trial["known_since"] is not None
    assert ann.get(PATH).json()["items"] == []
    nothing = ann.post(f"{PATH}:try", json={"product": ASIN})
    assert (nothing.status_code, "target or a rule" in nothing.text) == (400, True)
    unknown = ann.post(f"{PATH}:try", json={"product": "B00EXAMPL9", "target": "10"}).json()
    assert (unknown["known_since"], unknown["alerts"]) == (None, [])
