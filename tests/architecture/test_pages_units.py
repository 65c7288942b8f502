"""The pages' own code: its unit tests, which vitest runs, and what it repeats of Python's."""

import json
import os
import re
import subprocess
from pathlib import Path

from keeper.domain.locales import LOCALES
from stack.layout import Layout
from stack.pages import fetch_packages, node_environment, npm_command


def test_the_units_of_the_pages_work(root: Path, tmp_path: Path) -> None:
    fetch_packages(Layout(tmp_path), tmp_path / "npm.log")
    report = tmp_path / "report.json"
    arguments = ("run", "test", "--", "--reporter=json", f"--outputFile={report}")
    done = subprocess.run(
        [*npm_command(), *arguments],
        cwd=root / "web",
        env=node_environment(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert report.is_file(), done.stdout + done.stderr
    found = json.loads(report.read_text("utf-8"))
    failed = [
        (one["fullName"], one["failureMessages"])
        for file in found["testResults"]
        for one in file["assertionResults"]
        if one["status"] != "passed"
    ]
    assert failed == []
    assert found["success"]
    assert found["numTotalTests"] > 0


def test_the_pages_know_the_site_of_every_locale(root: Path) -> None:
    text = (root / "web" / "src" / "format.ts").read_text("utf-8")
    row = r'^  (\w\w): \{ tag: "[\w-]+", site: "([\w.]+)", currency: "(\w+)" \},$'
    sites = {name: (site, currency) for name, site, currency in re.findall(row, text, re.M)}
    assert sites == {one.domain: (one.host, one.currency) for one in LOCALES}
