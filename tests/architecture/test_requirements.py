"""requirements.txt, which images install, is what uv.lock says."""

import re
import subprocess
import sys
from pathlib import Path

EXPORT = ("export", "--frozen", "--no-dev", "--no-emit-project", "--no-annotate", "--quiet")
REMEDY = f"run: uv {' '.join(EXPORT)} -o requirements.txt"


def lines_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_it_equals_what_uv_exports(root: Path) -> None:
    exported = subprocess.run(
        [sys.executable, "-m", "uv", *EXPORT],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    kept = (root / "requirements.txt").read_text("utf-8")
    assert lines_of(kept) == lines_of(exported.stdout), REMEDY


def test_every_package_is_pinned_by_hash(root: Path) -> None:
    text = (root / "requirements.txt").read_text("utf-8")
    packages = re.findall(r"^[\w.\[\],-]+==.*(?:\n    --hash=sha256:.*)*", text, re.MULTILINE)
    assert len(packages) > 50
    assert [package for package in packages if "--hash=sha256:" not in package] == []


def test_it_names_no_index(root: Path) -> None:
    text = (root / "requirements.txt").read_text("utf-8")
    assert re.findall(r"https?://|--(?:extra-)?index-url|--find-links", text) == []
