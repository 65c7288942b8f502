"""Known holes, bills of materials and digests: what is known, and what nobody could say."""

import json
import os
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from stack.errors import StackError
from stack.layout import REPOSITORY
from stack.supply import __main__ as commands
from stack.supply.advisories import Look, holes_of_npm, holes_of_pip_audit
from stack.supply.audit import Hole, Leave, evaluate, read_exceptions
from stack.supply.bill import image_bill, pages_bill
from stack.supply.images import NoRegistryError, composed_images, digests_of, override_text

TODAY = date(2026, 12, 1)
HOLE = Hole("one", "1.0", ("PYSEC-1", "CVE-1"), "mended in 1.1")
NPM = {
    "auditReportVersion": 2,
    "vulnerabilities": {
        "below": {"via": [
            {"source": 7, "url": "https://advisories.example.org/GHSA-x", "title": "Bad"}
        ], "range": "<2", "fixAvailable": False},
        "above": {"via": ["below"], "range": "*", "fixAvailable": True},
    },
}  # fmt: skip


def left(until: date, hole: str = "CVE-1") -> Leave:
    return Leave(hole, "one", until, "its part is not used")


@pytest.mark.parametrize(
    ("exceptions", "is_failed", "said"),
    [
        ([], True, "mended in 1.1"),
        ([left(TODAY)], False, "left until 2026-12-01: its part is not used"),
        ([left(date(2026, 11, 30))], True, "which has passed"),
        ([left(TODAY, "CVE-2")], True, "CVE-2 is left until 2026-12-01 and not there: take it out"),
    ],
    ids=["none", "left", "past", "another"],
)
def test_a_hole_fails_unless_it_is_left_until_a_day(
    exceptions: list[Leave], is_failed: bool, said: str
) -> None:
    verdict = evaluate([HOLE], exceptions, TODAY)

    assert verdict.is_failed is is_failed
    assert any(said in line for line in verdict.lines)


@pytest.mark.parametrize(
    "entry",
    ["until = 2027-01-01", 'until = "2027-01-01"\nreason = "r"'],
    ids=["no reason", "no date"],
)
def test_an_exception_has_a_day_and_a_reason(tmp_path: Path, entry: str) -> None:
    file = tmp_path / "exceptions.toml"
    file.write_text(f'[[exception]]\nid = "X"\npackage = "p"\n{entry}\n', "utf-8")

    with pytest.raises(StackError, match=r"exceptions\.toml: "):
        read_exceptions(file)


def test_the_projects_own_exceptions_can_be_read() -> None:
    read_exceptions(REPOSITORY / "stack" / "supply" / "exceptions.toml")


def test_pip_audits_holes_are_read_and_what_it_leaves_out_is_unknown() -> None:
    hole = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["1.1"], "description": ""}
    report = {"dependencies": [
        {"name": "one", "version": "1.0", "vulns": [hole]},
        {"name": "two", "version": "1.0", "vulns": []},
        {"name": "three", "skip_reason": "not found"},
    ]}  # fmt: skip

    look = holes_of_pip_audit(json.dumps(report), "")

    assert look.holes == (HOLE,)
    assert look.unknown == ("pip-audit left out 1 packages, the first three: not found",)


def test_npms_holes_are_read_once_each() -> None:
    look = holes_of_npm(json.dumps(NPM), "")

    assert look == Look((Hole("below", "<2", ("GHSA-x", "7"), "Bad; not mended yet"),))


@pytest.mark.parametrize("read", [holes_of_pip_audit, holes_of_npm])
@pytest.mark.parametrize("printed", ["", "[]", "nonsense", '{"message": "405 Method Not Allowed"}'])
def test_what_is_no_report_is_never_taken_for_none_found(read: object, printed: str) -> None:
    assert callable(read)
    look = read(printed, "ERROR: no network\n")

    assert look.holes == ()
    assert len(look.unknown) == 1
    assert "could not look: " in look.unknown[0]


@pytest.mark.parametrize(
    ("looks", "code", "said"),
    [
        ((Look(), Look()), 0, "No known holes."),
        ((Look(), Look(unknown=("npm could not look: no",))), 2, "may be more holes"),
        ((Look((HOLE,)), Look(unknown=("npm could not look: no",))), 1, "PYSEC-1"),
    ],
    ids=["none found", "none to be had", "found"],
)
def test_the_audits_exit_code_says_them_apart(
    monkeypatch: pytest.MonkeyPatch, looks: tuple[Look, Look], code: int, said: str
) -> None:
    monkeypatch.setattr(commands, "python_holes", lambda *_: looks[0])
    monkeypatch.setattr(commands, "script_holes", lambda *_: looks[1])

    result = CliRunner().invoke(commands.app, ["audit"])

    assert result.exit_code == code
    assert said in result.output
    assert ("No known holes." in result.output) is (code == 0)


def test_a_tool_that_cannot_be_had_leaves_everything_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def offline(*_: object) -> Look:
        raise StackError("pip-audit could not be fetched: no network")

    monkeypatch.setattr(commands, "python_holes", offline)
    monkeypatch.setattr(commands, "script_holes", lambda *_: Look())

    result = CliRunner().invoke(commands.app, ["audit"])

    assert result.exit_code == 2
    assert "no network" in result.output


@pytest.fixture
def registry(tmp_path: Path) -> dict[str, str]:
    """A PATH on which `skopeo` knows the digest of one image."""
    program = tmp_path / "skopeo"
    program.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        "    --help) ;;\n"
        f"    *docker://redis:*) echo sha256:{'a' * 64} ;;\n"
        "    *) echo 'no such host' >&2; exit 1 ;;\n"
        "esac\n"
    )
    program.chmod(0o700)
    return {"PATH": str(tmp_path)}


def test_only_digests_that_were_had_are_written(registry: dict[str, str]) -> None:
    images = composed_images(
        REPOSITORY / name for name in ("docker-compose.yaml", "docker-compose.prod.yaml")
    )

    digests, missing = digests_of(sorted(images.names()), registry)
    text = override_text(images, digests, datetime(2026, 12, 1, tzinfo=UTC))

    (image,) = digests
    assert image.startswith("redis:")
    assert len(missing) == len(images.names()) - 1
    assert all(line.endswith(": no such host") for line in missing)
    pinned = {"image": f"{image}@sha256:{'a' * 64}"}
    assert yaml.safe_load(text) == {"services": {"cache": pinned, "redis": pinned}}


def test_the_base_of_the_image_is_pinned_too() -> None:
    images = composed_images([REPOSITORY / "docker-compose.yaml"])
    base = images.built_on["migrate"]

    text = override_text(images, {base: f"sha256:{'b' * 64}"}, datetime(2026, 12, 1, tzinfo=UTC))

    pinned = {"build": {"args": {"BASE_IMAGE": f"{base}@sha256:{'b' * 64}"}}}
    assert yaml.safe_load(text) == {"services": {"migrate": pinned}}


def test_without_a_registry_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: dict[str, str]
) -> None:
    with pytest.raises(NoRegistryError, match=r"No registry answers:\n  postgres:1: no such host"):
        digests_of(["postgres:1"], registry)
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    target = tmp_path / "pins.yaml"

    result = CliRunner().invoke(commands.app, ["pin-images", str(target)])

    assert result.exit_code == 2
    assert "Nothing was written." in result.output
    assert not target.exists()


def test_the_bill_of_the_image_has_all_that_is_installed_and_run() -> None:
    bill = image_bill(os.environ)

    listed = {(one["name"], one["version"]) for one in bill["components"]}
    text = (REPOSITORY / "requirements.txt").read_text("utf-8")
    pinned = set(re.findall(r"^([\w.-]+)(?:\[.*\])?==([^\s;\\]+)", text, re.MULTILINE))
    assert bill["bomFormat"] == "CycloneDX"
    assert len(pinned) > 100
    assert pinned <= listed
    assert {name for name, _ in listed} >= {"postgres", "redis", "apache/kafka", "apache/airflow"}


def test_the_bill_of_the_pages_has_what_is_built_into_them() -> None:
    bill = pages_bill(os.environ)

    wanted = json.loads((REPOSITORY / "web" / "package.json").read_text("utf-8"))
    listed = {one["purl"].removeprefix("pkg:npm/").rpartition("@")[0].replace("%40", "@")
              for one in bill["components"]}  # fmt: skip
    assert bill["bomFormat"] == "CycloneDX"
    assert listed >= wanted["dependencies"].keys()
    assert not listed & wanted["devDependencies"].keys()
