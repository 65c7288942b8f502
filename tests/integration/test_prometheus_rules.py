"""The rules of Prometheus, by Prometheus's own tool: each alert fires, and is quiet beside it."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from keeper.pipeline.metrics.definitions import OF_STORES, OF_WORKERS
from tests import alerting
from tests.services import ROOT

FOLDER = ROOT / "docker" / "prometheus"
RULES = FOLDER / "keeper.rules.yml"
TESTS = FOLDER / "keeper.rules.test.yml"


@pytest.fixture(scope="module")
def promtool() -> Path:
    return alerting.promtool()


def rules() -> list[dict[str, Any]]:
    found = yaml.safe_load(RULES.read_text("utf-8"))
    return [rule for group in found["groups"] for rule in group["rules"]]


def alerts() -> list[str]:
    return [rule["alert"] for rule in rules() if "alert" in rule]


def test_prometheus_reads_them_and_each_does_what_its_test_says(promtool: Path) -> None:
    for verb, file in (("check", RULES), ("test", TESTS)):
        words = [str(promtool), verb, "rules", str(file)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_fires_in_a_test_and_is_quiet_for_another_series() -> None:
    """A test with one series fewer alerts than series, or an empty expectation, is a quiet one."""
    fires: set[str] = set()
    is_quiet: set[str] = set()
    for test in yaml.safe_load(TESTS.read_text("utf-8"))["tests"]:
        for case in test["alert_rule_test"]:
            (fires if case["exp_alerts"] else is_quiet).add(case["alertname"])
            if len(case["exp_alerts"]) < len(test.get("input_series", ())):
                is_quiet.add(case["alertname"])
    assert fires == set(alerts())
    assert is_quiet == set(alerts()) - {"Watchdog"}


def test_what_they_are_made_of_is_shown_by_something() -> None:
    names = {metric.name for metric in (*OF_WORKERS, *OF_STORES)}
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    used = {
        word
        for rule in rules()
        for word in re.findall(r"\bkeeper[a-z_:0-9]+", re.sub(r'"[^"]*"', "", str(rule["expr"])))
    }
    assert used <= names | recorded
    assert recorded <= used | {"keeper:worker_messages:rate5m"}


@pytest.mark.parametrize("alert", alerts())
def test_each_alert_leads_to_a_chapter_of_the_runbooks(alert: str) -> None:
    (rule,) = (rule for rule in rules() if rule.get("alert") == alert)
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^## (.+)$", (ROOT / page).read_text("utf-8"), re.MULTILINE)
    assert anchor in {heading.lower() for heading in headings}


def test_each_chapter_is_an_alerts() -> None:
    text = (ROOT / "docs" / "RUNBOOKS.md").read_text("utf-8")
    chapters = set(re.findall(r"^## (.+)$", text, re.MULTILINE))
    assert chapters == set(alerts()) - {"ManyDeadLetters"}
