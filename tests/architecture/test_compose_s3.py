"""A server's containers reach S3: the image has its client, and docs/DEPLOYMENT.md's file works."""

import re
from pathlib import Path
from typing import Any

import pytest

from keeper.settings import Settings
from keeper.settings.variables import read_variables
from tests.architecture.composition import (
    BASE,
    PROD,
    ROOT,
    composed,
    composition,
    example_environment,
    pinned_package,
)

PUBLIC = {"KEEPER_PUBLIC_URL": "https://keeper.example.org"}
SERVICES = composition(BASE, PROD)["services"]


@pytest.fixture
def with_s3(tmp_path: Path) -> dict[str, Any]:
    page = (ROOT / "docs" / "DEPLOYMENT.md").read_text("utf-8")
    section = page.partition("\n### S3 instead of volumes\n")[2].partition("\n### ")[0]
    (block,) = re.findall(r"^```yaml\n(.+?)^```$", section, re.MULTILINE | re.DOTALL)
    file = tmp_path / "docker-compose.s3.yaml"
    file.write_text(block, "utf-8")
    return composed(example_environment() | PUBLIC, BASE, PROD, file)


def test_the_image_has_what_speaks_s3() -> None:
    assert pinned_package("s3fs")
    assert pinned_package("apache-airflow-providers-amazon")


def tasks_and_backups() -> set[str]:
    return {
        name
        for name, service in SERVICES.items()
        if name.startswith("airflow-worker") or name in {"backup-on-request", "receive-wal"}
    }


def test_all_that_use_the_lake_find_it_on_s3(with_s3: dict[str, Any]) -> None:
    changed = {
        name
        for name, service in with_s3["services"].items()
        if service.get("environment", {}).get("KEEPER_LAKE", "").startswith("s3://")
    }
    assert changed == tasks_and_backups()
    for name in changed:
        service = with_s3["services"][name]
        key = service["environment"]["AWS_SHARED_CREDENTIALS_FILE"].removeprefix("/run/secrets/")
        assert key in service["secrets"]
        assert set(SERVICES[name]["secrets"]) < set(service["secrets"])
        assert with_s3["secrets"][key] == {"file": f"./secrets/{key}"}
        assert {"back", "outside"} <= set(service["networks"])


def test_a_backup_is_made_in_the_volume_and_goes_to_s3(
    with_s3: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("backup-on-request", "receive-wal"):
        service = with_s3["services"][name]
        given = service["environment"]
        for variable, value in given.items():
            monkeypatch.setenv(variable, value)
        backups = Settings.from_variables(
            read_variables(["KEEPER_BACKUPS", "KEEPER_BACKUP_STAGING"])
        ).backups
        assert backups.folder == "s3://bucket/backups"
        assert f"backups:{backups.staging}" in service["volumes"]
