"""The demo believes what it sees, not what the run says of itself."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from stack.demo import errors_in
from stack.demo_proof import Findings, missing_in

FIRST = Findings(
    run={"run_id": "r1", "state": "SUCCESS", "products_missing": 0, "problem": None},
    watched=300,
    locales=3,
    priced=300,
    points=900,
    documents=900,
    alerts=[(1, "SENT", "r1"), (2, "SENT", "r1")],
    mails={1: 1, 2: 1},
)
SECOND = replace(FIRST, run={**FIRST.run, "run_id": "r2"})


@pytest.mark.parametrize("found", [FIRST, SECOND], ids=["first run", "unchanged second run"])
def test_nothing_is_missing_after_a_good_run(found: Findings) -> None:
    assert missing_in(found, simulated=True) == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            replace(FIRST, run={**FIRST.run, "state": "FAILED", "problem": "lost"}),
            "says FAILED: lost",
        ),
        (replace(FIRST, watched=0, priced=0), "Nothing is watched"),
        (replace(FIRST, priced=299), "Only 299 of 300 watched products"),
        (replace(FIRST, points=0, documents=0), "price_history is empty"),
        (replace(FIRST, documents=899), "899 documents for 900 price points"),
        (replace(FIRST, documents=901), "901 documents for 900 price points"),
        (
            replace(FIRST, alerts=[(1, "SENT", "r1"), (2, "PENDING", "r1")]),
            "1 of 2 alerts of this run were not sent",
        ),
        (replace(FIRST, mails={1: 1}), "No mail has arrived for 1 alerts"),
        (replace(FIRST, mails={1: 1, 2: 2}), "mailed more than once: [2]"),
        (replace(SECOND, mails={1: 2, 2: 1}), "mailed more than once: [1]"),
        (replace(FIRST, mails={1: 1, 2: 1, 3: 1}), "PostgreSQL does not know: [3]"),
        (replace(FIRST, alerts=[], mails={}), "No alert was raised and sent"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_missing_is_said(found: Findings, said: str) -> None:
    (problem,) = missing_in(found, simulated=True)

    assert said in problem


def test_products_keepa_does_not_know_need_no_price() -> None:
    found = replace(FIRST, run={**FIRST.run, "products_missing": 2}, priced=298)

    assert missing_in(found, simulated=True) == []


def test_real_prices_may_raise_no_alert() -> None:
    assert missing_in(replace(FIRST, alerts=[], mails={}), simulated=False) == []


def test_other_mail_is_no_concern_of_the_proof() -> None:
    assert missing_in(replace(FIRST, mails={1: 1, 2: 1, None: 5}), simulated=True) == []


def test_the_errors_of_a_task_log_are_found(tmp_path: Path) -> None:
    log = tmp_path / "attempt=1.log"
    detail = [{"exc_type": "TokenError", "exc_value": "no tokens left"}]
    lines = [
        json.dumps({"level": "info", "event": "started"}),
        "not JSON",
        json.dumps({"level": "error", "event": "Task failed", "error_detail": detail}),
    ]
    log.write_text("\n".join(lines))

    assert errors_in(log) == ["Task failed", "TokenError: no tokens left"]
    assert errors_in(tmp_path / "none.log") == []
