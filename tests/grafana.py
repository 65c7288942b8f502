"""Grafana's dashboards as tests read them: their panels' questions, and the series these name."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).resolve().parents[1] / "docker" / "grafana" / "dashboards"
# What no series is: functions are followed by a parenthesis.
_WORDS: Final = frozenset({"by", "without", "on", "ignoring", "and", "or", "unless", "bool"})


def dashboards() -> dict[str, dict[str, Any]]:
    """Return each file's content by the file's name."""
    return {file.stem: json.loads(file.read_text("utf-8")) for file in sorted(FOLDER.iterdir())}


def questions() -> Iterator[tuple[str, str, str]]:
    """Yield dashboard, panel and expression of each question."""
    for name, dashboard in dashboards().items():
        for panel in dashboard["panels"]:
            for target in panel.get("targets", ()):
                yield name, panel["title"], target["expr"]


def series_in(expr: str) -> set[str]:
    """Return the names of the series that an expression asks for."""
    bare = re.sub(r'"[^"]*"', "", expr)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", bare)
    bare = re.sub(r"\b(by|without|on|ignoring)\s*\([^)]*\)", "", bare)
    words = re.findall(r"(?<![\w.:])[a-zA-Z_:][\w:]*\b(?!\s*\()", bare)
    return set(words) - _WORDS
