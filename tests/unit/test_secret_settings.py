"""Passwords come from variables or files and reach the clients; a misfit is told."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from keeper.errors import SettingsError
from keeper.settings import Settings


@pytest.fixture(autouse=True)
def _nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)


def settings(**given: str) -> Settings:
    return Settings(_env_file=None, **given)  # type: ignore[arg-type]  # by field


@pytest.mark.parametrize(
    ("environment", "key"),
    [
        pytest.param("", "from-file", id="blank in the environment"),
        pytest.param("from-environment", "from-environment", id="in both"),
    ],
)
def test_a_secret_may_be_in_a_file(
    environment: str, key: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("from-file\n")
    monkeypatch.setenv("KEEPA_API_KEY", environment)
    monkeypatch.setenv("KEEPA_API_KEY_FILE", str(tmp_path / "key"))

    assert settings().keepa_key.get_secret_value() == key


def test_an_empty_file_is_a_blank_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")
    monkeypatch.setenv("KEEPA_API_KEY_FILE", str(tmp_path / "key"))

    assert settings().uses_simulator


def test_files_that_cannot_be_read_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "latin").write_bytes(b"\xff")
    monkeypatch.setenv("KEEPA_API_KEY_FILE", str(tmp_path / "missing"))
    monkeypatch.setenv("SMTP_PASSWORD_FILE", str(tmp_path / "latin"))

    with pytest.raises(SettingsError) as caught:
        settings()

    first, *mistakes = str(caught.value).splitlines()
    assert first == "Keeper cannot start:"
    assert [line.split(":")[0].strip() for line in mistakes] == [
        "KEEPA_API_KEY_FILE",
        "SMTP_PASSWORD_FILE",
    ]
    assert "No such file" in mistakes[0]


def test_a_password_of_any_letters_goes_into_the_address() -> None:
    given = settings(
        database_url="postgresql://keeper@host:5432/keeper",
        keeper_database_password="p@ss/w%rd",
        elasticsearch_url="http://keeper@search:9200",
        keeper_elasticsearch_password="a:b",
    )

    assert (
        given.database.get_secret_value() == "postgresql://keeper:p%40ss%2Fw%25rd@host:5432/keeper"
    )
    assert given.elasticsearch.get_secret_value() == "http://keeper:a%3Ab@search:9200"
    assert "p%40ss" not in repr(given)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"keeper_database_password": "secret"}, id="the address has one"),
        pytest.param({"keeper_elasticsearch_password": "secret"}, id="no user"),
        pytest.param({"keeper_airflow_database_password": "secret"}, id="no address"),
        pytest.param({"keeper_kafka_password": "secret"}, id="kafka without user"),
        pytest.param({"keeper_kafka_user": "keeper"}, id="kafka without password"),
    ],
)
def test_half_a_login_is_a_mistake(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        settings(**given)

    assert "secret" not in str(
        caught.value.errors(include_input=False, include_url=False)[0]["msg"]
    )


@pytest.mark.parametrize(
    ("given", "client"),
    [
        pytest.param({}, {}, id="plain"),
        pytest.param({"keeper_kafka_tls": "true"}, {"security.protocol": "SSL"}, id="tls"),
        pytest.param(
            {"keeper_kafka_user": "k", "keeper_kafka_password": "p"},
            {
                "security.protocol": "SASL_PLAINTEXT",
                "sasl.mechanism": "PLAIN",
                "sasl.username": "k",
                "sasl.password": "p",
            },
            id="login",
        ),
        pytest.param(
            {
                "keeper_kafka_user": "k",
                "keeper_kafka_password": "p",
                "keeper_kafka_tls": "true",
                "keeper_kafka_mechanism": "SCRAM-SHA-512",
            },
            {
                "security.protocol": "SASL_SSL",
                "sasl.mechanism": "SCRAM-SHA-512",
                "sasl.username": "k",
                "sasl.password": "p",
            },
            id="login and tls",
        ),
    ],
)
def test_kafkas_clients_get_the_login(given: dict[str, str], client: dict[str, str]) -> None:
    assert settings(**given).kafka_client == client
