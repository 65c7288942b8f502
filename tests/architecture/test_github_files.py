"""CI on GitHub runs `.ci/run`, and GitHub can read the project's forms."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from stack.versions import versions

WORKFLOW = Path(".github/workflows/ci.yaml")
FORMS = ("bug", "idea")


@pytest.fixture
def job(root: Path) -> dict[str, Any]:
    (found,) = yaml.safe_load((root / WORKFLOW).read_text("utf-8"))["jobs"].values()
    assert isinstance(found, dict)
    return found


@pytest.fixture
def steps(job: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = job["steps"]
    return found


def schema_check(schema: str, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, path],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_workflow_follows_githubs_schema(root: Path, tmp_path: Path) -> None:
    done = schema_check("vendor.github-workflows", root / WORKFLOW)
    assert done.returncode == 0, done.stdout
    spoiled = tmp_path / "ci.yaml"
    spoiled.write_text((root / WORKFLOW).read_text("utf-8").replace("runs-on:", "runs_on:"))
    assert schema_check("vendor.github-workflows", spoiled).returncode == 1


@pytest.mark.parametrize("name", FORMS)
def test_the_forms_follow_githubs_schema(name: str, root: Path) -> None:
    form = root / ".github" / "ISSUE_TEMPLATE" / f"{name}.yaml"
    done = schema_check("vendor.github-issue-forms", form)
    assert done.returncode == 0, done.stdout


def test_it_runs_what_anybody_can_run(steps: list[dict[str, Any]]) -> None:
    assert ".ci/run" in [step.get("run") for step in steps]


def test_the_whole_history_is_there(steps: list[dict[str, Any]]) -> None:
    checkout, python = steps[:2]
    assert checkout["uses"].startswith("actions/checkout@")
    assert checkout["with"]["fetch-depth"] == 0
    assert python["uses"].startswith("actions/setup-python@")


def test_it_runs_with_the_oldest_and_the_newest_python(
    job: dict[str, Any], steps: list[dict[str, Any]]
) -> None:
    pythons = versions().pythons

    assert job["strategy"]["matrix"]["python"] == [pythons[-1], pythons[0]]
    assert steps[1]["with"]["python-version"] == "${{ matrix.python }}"
    assert job["env"]["KEEPER_PYTHON"] == "python${{ matrix.python }}"


def test_actions_are_pinned_by_their_major_version(steps: list[dict[str, Any]]) -> None:
    used = [step["uses"] for step in steps if "uses" in step]
    assert used
    assert [name for name in used if not re.fullmatch(r"actions/[\w-]+@v\d+", name)] == []
