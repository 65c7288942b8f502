"""The operator's guide, typed line by line in one shell as its reader would."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.services import ROOT, Stack, stack_home

GUIDE = ROOT / "docs" / "OPERATING.md"
MAY_FAIL = "exit 1"


def lines_to_type(section: str = "") -> list[str]:
    """Return the commands of the guide's console blocks, or of one section's."""
    text = GUIDE.read_text("utf-8")
    if section:
        _, found, text = text.partition(f"\n## {section}\n")
        assert found
        text = text.partition("\n## ")[0]
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]


def as_script(lines: list[str]) -> str:
    """Return a script that types the lines and ends at the first that fails."""
    typed = []
    for number, line in enumerate(lines):
        allowed = "[ $status -le 1 ]" if MAY_FAIL in line else "[ $status -eq 0 ]"
        typed += [
            f"echo '### {number}'",
            line,
            f'status=$?; {allowed} || {{ echo "### failed: $status"; exit 1; }}',
        ]
    return "\n".join(["set -o pipefail", *typed])


@pytest.mark.parametrize(
    ("section", "at_least"),
    [
        pytest.param("Every day", 8, id="every day"),
        pytest.param("", 25, id="whole", marks=pytest.mark.nightly),
    ],
)
def test_the_guide_can_be_followed_line_by_line(
    stack: Stack, tmp_path: Path, section: str, at_least: int
) -> None:
    lines = lines_to_type(section)
    assert len(lines) > at_least
    if section:
        lines = ['. .venv/bin/activate; eval "$(python -m stack env)"', *lines]
    script = tmp_path / "typed.sh"
    script.write_text(as_script(lines))
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("VIRTUAL_ENV")
    }

    done = subprocess.run(
        ["bash", script],
        cwd=ROOT,
        env=environment | {"KEEPER_STACK_HOME": str(stack_home())},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    last = re.findall(r"^### (\d+)$", done.stdout, re.MULTILINE)
    said = done.stdout[-4000:]
    assert done.returncode == 0, f"{lines[int(last[-1])]}\n{said}"
    assert int(last[-1]) == len(lines) - 1
