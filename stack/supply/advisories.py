"""Known holes as pip-audit and npm name them, and whether they could look at all."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stack.errors import StackError
from stack.layout import REPOSITORY, Layout
from stack.pages import fetch_packages, node_environment, npm_command
from stack.supply.audit import Hole

_LIMIT_S = 900


@dataclass(frozen=True, slots=True)
class Look:
    """What one tool found, and of what it could say nothing: a line each."""

    holes: tuple[Hole, ...] = ()
    unknown: tuple[str, ...] = ()


def python_holes(layout: Layout, environ: Mapping[str, str]) -> Look:
    """Return the holes of requirements.txt, and of the extras, by pip-audit.

    Raises:
        StackError: It could not be fetched.
    """
    tools = layout.root / ".keeper" / "audit"
    _run(
        "pip-audit could not be fetched",
        [sys.executable, "-m", "uv", "sync", "--frozen", "--quiet", "--only-group", "audit"],
        {**environ, "UV_PROJECT_ENVIRONMENT": str(tools)},
        REPOSITORY,
    )
    pinned = tools / "requirements.txt"
    _run(
        "uv could not say what is pinned",
        [
            *(sys.executable, "-m", "uv", "export", "--frozen", "--quiet", "--no-dev"),
            *("--all-extras", "--no-emit-project", "--no-annotate", "--output-file", str(pinned)),
        ],
        environ,
        REPOSITORY,
    )
    done = _done(
        [
            *(str(tools / "bin" / "pip-audit"), "--requirement", str(pinned), "--format", "json"),
            *("--no-deps", "--disable-pip", "--progress-spinner", "off"),
        ],
        environ,
        REPOSITORY,
    )
    return holes_of_pip_audit(done.stdout, done.stderr)


def holes_of_pip_audit(printed: str, complained: str) -> Look:
    """Return the holes in pip-audit's JSON; it may leave packages out."""
    report = _json(printed)
    if "dependencies" not in report:
        said = _last_line(complained or printed)
        return Look(unknown=(f"pip-audit could not look: {said}",))
    holes, left_out = [], []
    for package in report["dependencies"]:
        if reason := package.get("skip_reason"):
            left_out.append(f"{package['name']}: {reason}")
            continue
        for hole in package["vulns"]:
            fixed = ", ".join(hole["fix_versions"])
            remedy = f"mended in {fixed}" if fixed else "not mended yet"
            ids = (hole["id"], *hole.get("aliases", ()))
            holes.append(Hole(package["name"], package["version"], ids, remedy))
    unknown: tuple[str, ...] = ()
    if left_out:
        unknown = (f"pip-audit left out {len(left_out)} packages, the first {left_out[0]}",)
    return Look(tuple(holes), unknown)


def script_holes(layout: Layout, environ: Mapping[str, str]) -> Look:
    """Return the holes of the pages' packages by npm.

    Raises:
        StackError: The packages could not be fetched.
    """
    log = layout.log_of("pages")
    log.parent.mkdir(parents=True, exist_ok=True)
    fetch_packages(layout, log)
    done = _done(
        [*npm_command(), "audit", "--json", "--package-lock-only"],
        node_environment(environ),
        REPOSITORY / "web",
    )
    return holes_of_npm(done.stdout, done.stderr)


def holes_of_npm(printed: str, complained: str) -> Look:
    """Return the holes in npm's JSON."""
    report = _json(printed)
    if "auditReportVersion" not in report:
        said = report.get("message") or report.get("error", {}).get("summary") or ""
        reason = _last_line(said or complained or printed)
        return Look(unknown=(f"npm could not look: {reason}",))
    holes = []
    for name, package in report["vulnerabilities"].items():
        # What is no object is the name of a package below it, which has an entry of its own.
        for advisory in (one for one in package["via"] if isinstance(one, dict)):
            fix = package["fixAvailable"]
            remedy = "npm audit fix mends it" if fix else "not mended yet"
            ids = (str(advisory["url"]).rpartition("/")[2], str(advisory["source"]))
            holes.append(Hole(name, str(package["range"]), ids, f"{advisory['title']}; {remedy}"))
    return Look(tuple(holes))


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it says nothing"


def _run(what: str, argv: Sequence[str], environ: Mapping[str, str], folder: Path) -> None:
    # Another environment that is active is none of uv's business.
    given = {name: value for name, value in environ.items() if name != "VIRTUAL_ENV"}
    done = _done(argv, {**given, "PATH": given.get("PATH", os.defpath)}, folder)
    if done.returncode:
        raise StackError(f"{what}: {_last_line(done.stderr)}")


def _done(
    argv: Sequence[str], environ: Mapping[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv,
        cwd=folder,
        env=dict(environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=_LIMIT_S,
    )
