"""A real Prometheus and a real Alertmanager whose waits are short, for tests of alerts."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import yaml

from keeper.pipeline.metrics.alertmanager import alertmanager_configuration, write_alertmanager
from keeper.settings import Settings
from stack.context import load_stack
from stack.layout import Layout
from stack.observing import observing_folder, program_in, share_of, unpack_observing
from stack.prometheus import program_of, unpack_prometheus
from tests.services import ROOT, free_port
from tests.waiting import wait_until

RULES: Final = ROOT / "docker" / "prometheus" / "keeper.rules.yml"
_SHORT: Final = "200ms"


def promtool() -> Path:
    """Return Prometheus's tool, fetched if it is not there."""
    return _prometheus("promtool")


def quick_rules(thresholds: Mapping[str, str]) -> dict[str, Any]:
    """Return the real rules without their waits; some expressions have another threshold.

    Args:
        thresholds: What stands at the end of an alert's expression instead, by the alert.
    """
    rules: dict[str, Any] = yaml.safe_load(RULES.read_text("utf-8"))
    for group in rules["groups"]:
        group["interval"] = _SHORT
        for rule in group["rules"]:
            rule.pop("for", None)
            if (threshold := thresholds.get(rule.get("alert", ""))) is not None:
                rule["expr"], changed = re.subn(r"> \d+$", f"> {threshold}", rule["expr"].strip())
                assert changed == 1, rule
    return rules


@dataclass(frozen=True)
class Watching:
    """Where both are."""

    prometheus: str
    alertmanager: str

    def firing(self) -> set[str]:
        """Return the alerts that fire by Prometheus."""
        answer = httpx.get(f"{self.prometheus}/api/v1/alerts", trust_env=False).json()
        alerts = answer["data"]["alerts"]
        return {one["labels"]["alertname"] for one in alerts if one["state"] == "firing"}

    def ask(self, query: str) -> list[Any]:
        """Return what a query yields now."""
        answer = httpx.get(
            f"{self.prometheus}/api/v1/query", params={"query": query}, trust_env=False
        )
        assert answer.status_code == httpx.codes.OK, (query, answer.text)
        found: list[Any] = answer.json()["data"]["result"]
        return found


@contextmanager
def watching(
    folder: Path,
    targets: Mapping[str, Mapping[str, str]],
    settings: Settings,
    rules: Mapping[str, Any],
) -> Iterator[Watching]:
    """Run both for the block.

    Args:
        folder: Where their files go.
        targets: Addresses by program, by job.
        settings: Whom Alertmanager calls.
        rules: The rules.
    """
    ports = [free_port() for _ in range(2)]
    (folder / "rules.yml").write_text(json.dumps(rules), "utf-8")
    jobs = [
        {
            "job_name": job,
            "static_configs": [
                {"targets": [address], "labels": {"program": name}}
                for name, address in programs.items()
            ],
        }
        for job, programs in targets.items()
    ]
    own = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": _SHORT},
        "rule_files": [str(folder / "rules.yml")],
        "scrape_configs": jobs,
        "alerting": {
            "alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{ports[1]}"]}]}]
        },
    }
    (folder / "prometheus.yml").write_text(json.dumps(own), "utf-8")
    file = write_alertmanager(settings, folder / "alertmanager")
    called = alertmanager_configuration(settings, folder / "alertmanager")
    called["route"] |= {"group_wait": "0s", "group_interval": _SHORT}
    file.write_text(json.dumps(called), "utf-8")
    layout = Layout(ROOT / ".keeper")
    with ExitStack() as both:
        for words, cwd in (
            (
                (
                    str(_prometheus("prometheus")),
                    f"--config.file={folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={folder / 'tsdb'}",
                    f"--web.listen-address=127.0.0.1:{ports[0]}",
                    # By default an alert is sent again no sooner than after a minute.
                    "--rules.alert.resend-delay=200ms",
                ),
                folder,
            ),
            (
                (
                    str(_alertmanager()),
                    f"--config.file={file}",
                    f"--storage.path={folder / 'alertmanager' / 'data'}",
                    f"--web.listen-address=127.0.0.1:{ports[1]}",
                    "--cluster.listen-address=",
                ),
                share_of(layout),
            ),
        ):
            both.enter_context(_running(words, cwd, folder))
        found = Watching(*(f"http://127.0.0.1:{port}" for port in ports))
        wait_until(lambda: _is_ready(found.prometheus), "Prometheus runs")
        wait_until(lambda: _is_ready(found.alertmanager), "Alertmanager runs")
        yield found


@contextmanager
def _running(words: tuple[str, ...], cwd: Path, folder: Path) -> Iterator[None]:
    with (folder / f"{Path(words[0]).name}.log").open("w") as log:
        process = subprocess.Popen(words, cwd=cwd, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait()


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready", trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _prometheus(name: str) -> Path:
    stack = load_stack(Layout(ROOT / ".keeper"), {})
    if not (program := program_of(stack, name)).exists():
        unpack_prometheus(stack.layout)
    return program


def _alertmanager() -> Path:
    layout = Layout(ROOT / ".keeper")
    if not observing_folder(layout).is_dir():
        unpack_observing(layout)
    return program_in(layout, "prometheus-alertmanager")
