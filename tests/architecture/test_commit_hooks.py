"""The commit hooks run what CI runs."""

import re
import subprocess
from pathlib import Path

import yaml


def test_every_hook_is_a_step_of_ci(root: Path) -> None:
    config = yaml.safe_load((root / ".pre-commit-config.yaml").read_text("utf-8"))
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    commands = [hook["entry"] for hook in config["repos"][0]["hooks"]]
    steps = re.findall(
        r"^step (make \w+)$", (root / ".ci" / "run").read_text("utf-8"), re.MULTILINE
    )
    assert commands == [step for step in steps if step != "make test"]
    assert "make test" in steps


def test_the_hooks_are_valid(root: Path, scripts: Path) -> None:
    subprocess.run(
        [scripts / "pre-commit", "validate-config", ".pre-commit-config.yaml"],
        cwd=root,
        check=True,
    )
