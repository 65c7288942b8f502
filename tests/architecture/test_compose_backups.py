"""In containers, backups have every secret, encrypted; what makes them holds none but its own."""

import json
from collections.abc import Iterator
from pathlib import Path

import pyrage
import pytest

from docker.check_settings import mistakes_of, seal_for_backups
from docker.make_secrets import make_certificate, make_secrets
from keeper.errors import SettingsError
from keeper.pipeline.backups.secrets import copy_sealed, write_encrypted
from keeper.settings import VARIABLES, load_settings
from tests.architecture.composition import (
    BASE,
    DEV,
    PROD,
    composed,
    composition,
    example_environment,
)

PUBLIC = {"KEEPER_PUBLIC_URL": "https://keeper.example.org"}
FILES = [pytest.param((BASE, DEV), id="dev"), pytest.param((BASE, PROD), id="prod")]


@pytest.fixture
def identity(tmp_path: Path) -> pyrage.x25519.Identity:
    made = pyrage.x25519.Identity.generate()
    (tmp_path / "recipient.txt").write_text(str(made.to_public()))
    return made


@pytest.fixture(autouse=True)
def no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


@pytest.mark.parametrize("files", FILES)
def test_one_container_encrypts_and_two_take_copies(files: tuple[Path, ...]) -> None:
    services = composed(
        example_environment() | PUBLIC | {"KEEPER_BACKUP_RECIPIENT": "./key.txt"}, *files
    )["services"]

    def holders(part: str, word: str) -> set[str]:
        return {name for name, one in services.items() if word in str(one.get(part, ""))}

    assert holders("configs", "backup-recipient") == {"check-settings"}
    assert holders("volumes", "sealed-settings") == {
        *("check-settings", "backup-on-request", "receive-wal")
    }
    folder = services["check-settings"]["environment"]["KEEPER_BACKUP_SEALED"]
    assert services["check-settings"]["volumes"][0] == f"sealed-settings:{folder}"
    for name in ("backup-on-request", "receive-wal"):
        assert f"sealed-settings:{folder}:ro" in services[name]["volumes"]
        assert services[name]["environment"]["KEEPER_BACKUP_SEALED"] == folder
        assert services[name]["environment"]["KEEPER_BACKUP_RECIPIENT"] == ""


@pytest.mark.parametrize(
    ("given", "source", "inside"),
    [
        ({}, "./docker/no-recipient.txt", ""),
        ({"KEEPER_BACKUP_RECIPIENT": "./key"}, "./key", "/etc/keeper/backup-recipient.txt"),
    ],
)
@pytest.mark.parametrize("files", FILES)
def test_the_key_is_mounted_where_the_setting_says(
    root: Path, given: dict[str, str], source: str, inside: str, files: tuple[Path, ...]
) -> None:
    found = composed(example_environment() | PUBLIC | given, *files)
    assert found["configs"]["backup-recipient"] == {"file": source}
    service = found["services"]["check-settings"]
    assert service["environment"]["KEEPER_BACKUP_RECIPIENT"] == inside
    assert {"source": "backup-recipient", "target": "/etc/keeper/backup-recipient.txt"} in (
        service["configs"]
    )
    assert (root / "docker" / "no-recipient.txt").exists()


def test_the_file_that_stands_for_no_key_is_none(root: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is no public key"):
        write_encrypted({"A": "b"}, tmp_path, root / "docker" / "no-recipient.txt")


@pytest.mark.parametrize("files", FILES)
def test_every_secret_there_is_comes_back(
    files: tuple[Path, ...], tmp_path: Path, identity: pyrage.x25519.Identity
) -> None:
    secrets, sealed, backup = (tmp_path / name for name in ("secrets", "sealed", "backup"))
    sealed.mkdir()
    backup.mkdir()
    given = example_environment() | PUBLIC
    if PROD in files:
        make_secrets(secrets)
        make_certificate(secrets, "keeper.example.org")
        (secrets / "keepa_api_key").write_text("k" * 64)
        wanted = {
            f"secrets/{name}": text
            for name in composition(*files)["secrets"]
            if (text := (secrets / name).read_text().strip())
        }
        assert len(wanted) >= 20
    else:
        wanted = {
            "DATABASE_URL": "postgresql://keeper@postgres:5432/keeper",
            "KEEPER_AIRFLOW_PASSWORD": given["KEEPER_AIRFLOW_PASSWORD"],
            "AIRFLOW__API_AUTH__JWT_SECRET": given["KEEPER_AIRFLOW_JWT_SECRET"],
            "KEEPER_POSTGRES_ADMIN_PASSWORD": given["KEEPER_POSTGRES_ADMIN_PASSWORD"],
            "KEEPER_BACKUP_LOGIN": "for-development-only",
        }
    environment = composed(given, *files)["services"]["check-settings"]["environment"] | {
        "KEEPER_BACKUP_RECIPIENT": str(tmp_path / "recipient.txt"),
        "KEEPER_BACKUP_SEALED": str(sealed),
    }

    assert list(seal_for_backups(environment, secrets)) == []

    name = copy_sealed(sealed, backup)
    found = json.loads(pyrage.decrypt((backup / name).read_bytes(), [identity]))
    assert wanted.items() <= found.items()
    assert found["KEEPER_PUBLIC_URL"] == PUBLIC["KEEPER_PUBLIC_URL"]
    assert not [name for name in found if name.endswith(("_CMD", "_PASSWORD_FILE"))]


def test_a_key_that_is_none_keeps_everything_from_starting(tmp_path: Path) -> None:
    (tmp_path / "recipient.txt").write_text("a password")
    environment = {
        "KEEPER_BACKUP_RECIPIENT": str(tmp_path / "recipient.txt"),
        "KEEPER_BACKUP_SEALED": str(tmp_path),
    }
    (mistake,) = seal_for_backups(environment, tmp_path / "none")
    assert mistake.startswith("KEEPER_BACKUP_RECIPIENT: settings are not encrypted for backups: ")
    assert "a password" not in mistake


def test_without_a_key_nothing_is_kept_and_nothing_wrong(tmp_path: Path) -> None:
    environment = composed(example_environment(), BASE, DEV)["services"]["check-settings"][
        "environment"
    ]
    sealed = tmp_path / "sealed"
    sealed.mkdir()
    (sealed / "settings.json.age").write_bytes(b"of a former key")
    assert list(mistakes_of(environment)) == []
    assert list(seal_for_backups(environment | {"KEEPER_BACKUP_SEALED": str(sealed)})) == []
    assert [*sealed.iterdir()] == []
