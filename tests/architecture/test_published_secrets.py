"""The passwords of .env.example are for one machine: nothing starts where others could use them."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from docker.check_settings import PUBLISHED, mistakes_of
from docker.make_secrets import make_secrets
from keeper.settings import VARIABLES, load_settings
from keeper.settings.messages import PUBLISHED_SECRET
from tests.architecture.composition import BASE, DEV, ROOT, composed, example_environment

OWN = "0123456789abcdef" * 5
SIGN_AND_LOG_IN = {
    "KEEPER_AIRFLOW_PASSWORD",
    "KEEPER_AIRFLOW_API_PASSWORD",
    "KEEPER_AIRFLOW_JWT_SECRET",
    "KEEPER_AIRFLOW_API_SECRET",
    "KEEPER_LINK_SECRET",
}
DATABASES = {
    "KEEPER_POSTGRES_PASSWORD",
    "KEEPER_AIRFLOW_POSTGRES_PASSWORD",
    "KEEPER_POSTGRES_ADMIN_PASSWORD",
    "KEEPER_BACKUP_SERVER_PASSWORD",
}


@pytest.fixture
def mistakes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., list[str]]:
    """Check a laptop's settings as the container does: .env.example with these changes."""
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)

    def check(**changes: str) -> list[str]:
        services = composed(example_environment() | changes, BASE, DEV)["services"]
        environment = services["check-settings"]["environment"]
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        load_settings.cache_clear()
        try:
            return list(mistakes_of(environment))
        finally:
            load_settings.cache_clear()

    return check


def named(mistakes: list[str]) -> set[str]:
    return {mistake.partition(":")[0] for mistake in mistakes}


@pytest.mark.parametrize("address", ["", "127.0.0.1", "127.77.0.1", "::1", "[::1]", "localhost"])
@pytest.mark.parametrize("url", ["", "http://localhost:8000", "http://127.0.0.1:8001"])
def test_they_are_right_where_nobody_else_comes(
    mistakes: Callable[..., list[str]], address: str, url: str
) -> None:
    assert mistakes(KEEPER_BIND_ADDRESS=address, KEEPER_PUBLIC_URL=url) == []


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.5", "::", "home.example.org"])
def test_each_is_refused_where_ports_are_published_to_others(
    mistakes: Callable[..., list[str]], address: str
) -> None:
    found = mistakes(KEEPER_BIND_ADDRESS=address)

    assert named(found) == SIGN_AND_LOG_IN | DATABASES
    assert all("KEEPER_BIND_ADDRESS lets others in" in mistake for mistake in found)
    assert not any("for-development-only" in mistake for mistake in found)
    own = dict.fromkeys(SIGN_AND_LOG_IN | DATABASES, OWN)
    assert mistakes(KEEPER_BIND_ADDRESS=address, **own) == []


def test_what_signs_and_logs_in_is_refused_for_a_public_address(
    mistakes: Callable[..., list[str]],
) -> None:
    public = {"KEEPER_PUBLIC_URL": "https://keeper.example.org"}
    link, *others = mistakes(**public)

    assert "anybody could make links" in link
    assert named(others) == SIGN_AND_LOG_IN - {"KEEPER_LINK_SECRET"}
    own = dict.fromkeys(SIGN_AND_LOG_IN, OWN)
    assert mistakes(**public, **own) == []
    short = own | {"KEEPER_AIRFLOW_PASSWORD": "short"}
    assert named(mistakes(**public, **short)) == {"KEEPER_AIRFLOW_PASSWORD"}


@pytest.mark.parametrize("former", ["keeper", "airflow", "postgres"])
def test_what_a_copy_of_a_former_example_has_is_refused_too(
    mistakes: Callable[..., list[str]], former: str
) -> None:
    own = dict.fromkeys(SIGN_AND_LOG_IN | DATABASES, OWN)
    found = mistakes(KEEPER_BIND_ADDRESS="0.0.0.0", **own | {"KEEPER_POSTGRES_PASSWORD": former})

    assert named(found) == {"KEEPER_POSTGRES_PASSWORD"}


def test_airflow_masks_no_word_of_its_logs_for_a_database_password() -> None:
    """It writes *** for a Connection's password wherever a line has that text."""
    # No Connection has the password of backups.
    for name in DATABASES - {"KEEPER_BACKUP_SERVER_PASSWORD"}:
        assert re.fullmatch(r"\w+(-\w+){2,}", example_environment()[name]), name


def test_an_address_that_cannot_be_read_is_one_mistake(mistakes: Callable[..., list[str]]) -> None:
    assert named(mistakes(KEEPER_PUBLIC_URL="http://[half")) == {"KEEPER_PUBLIC_URL"}


def test_every_value_that_is_published_is_known() -> None:
    published = {
        value
        for name, value in example_environment().items()
        if re.search(r"PASSWORD|SECRET$|_KEY$", name) and value
    }
    filled_in = re.findall(r"SECRET:-([^}]+)}", DEV.read_text("utf-8"))

    assert published | set(filled_in) == PUBLISHED
    assert PUBLISHED_SECRET in PUBLISHED


@pytest.mark.parametrize("name", ["airflow_jwt_secret", "keeper_link_secret"])
def test_a_server_does_not_start_with_one(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    secrets = tmp_path / "secrets"
    make_secrets(secrets)
    (secrets / name).write_text(max(PUBLISHED, key=len))

    found = mistakes_of({"KEEPER_PRODUCTION": "true"}, secrets)

    (mistake,) = (one for one in found if name in one)
    assert "is published in Keeper's files" in mistake


@pytest.mark.parametrize("name", ["keeper_link_secret", "airflow_fernet_key"])
def test_a_server_takes_several_keys_while_one_replaces_another(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    secrets, newer = tmp_path / "secrets", tmp_path / "newer"
    make_secrets(secrets)
    make_secrets(newer)
    both = f"{(newer / name).read_text()},{(secrets / name).read_text()}"
    (secrets / name).write_text(both)

    found = [*mistakes_of({"KEEPER_PRODUCTION": "true"}, secrets)]
    assert not [mistake for mistake in found if name in mistake]
    (secrets / name).write_text(f"{both},")
    assert [one for one in mistakes_of({"KEEPER_PRODUCTION": "true"}, secrets) if name in one]


def test_nginx_logs_no_link() -> None:
    text = (ROOT / "docker/nginx/nginx.conf").read_text("utf-8")
    links = re.findall(r"location /(?:a|sign-in)/ \{(.*?)\n        \}", text, re.DOTALL)
    formats = re.findall(r"log_format (\w+) '(.*)';", text)
    hidden = re.search(r"map \$uri \$logged_path \{(.*?)\}", text, re.DOTALL)

    assert len(links) == 2
    for link in links:
        lines = {line.strip() for line in link.splitlines()}
        assert {"access_log off;", "error_log /dev/null emerg;"} <= lines
    # Requests that are refused before their location is known go to the server's own log.
    assert hidden is not None
    assert hidden[1].split() == [
        *("~^/+a/", "/a/;"),
        *("~^/+sign-in/", "/sign-in/;"),
        *("default", "$uri;"),
    ]
    assert re.findall(r"access_log /\S+ (\w+);", text) == [name for name, _ in formats]
    for _, written in formats:
        assert not re.search(r"\$(uri|request|request_uri|args|http_referer)\b", written)
