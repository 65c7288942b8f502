"""Passwords come from variables or files and reach the clients; a misfit is said."""

from pathlib import Path

import pytest

from keeper.errors import SettingsError
from keeper.settings import Settings, load_settings

pytestmark = pytest.mark.usefixtures("nothing_set")


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

    assert load_settings().keepa.key.get_secret_value() == key


def test_an_empty_file_is_a_blank_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")
    monkeypatch.setenv("KEEPA_API_KEY_FILE", str(tmp_path / "key"))

    assert load_settings().keepa.uses_simulator


def test_files_that_cannot_be_read_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "latin").write_bytes(b"\xff")
    monkeypatch.setenv("KEEPA_API_KEY_FILE", str(tmp_path / "missing"))
    monkeypatch.setenv("SMTP_PASSWORD_FILE", str(tmp_path / "latin"))

    with pytest.raises(SettingsError) as caught:
        load_settings()

    first, *mistakes = str(caught.value).splitlines()
    assert first == "Keeper cannot start:"
    assert [line.split(":")[0].strip() for line in mistakes] == [
        "KEEPA_API_KEY_FILE",
        "SMTP_PASSWORD_FILE",
    ]
    assert "No such file" in mistakes[0]


def test_a_password_of_any_letters_goes_into_the_address() -> None:
    settings = Settings.from_variables(
        {
            "DATABASE_URL": "postgresql://keeper@host:5432/keeper",
            "KEEPER_DATABASE_PASSWORD": "p@ss/w%rd",
            "KEEPER_AIRFLOW_DATABASE_URL": "postgresql://airflow@host:5432/airflow",
            "KEEPER_AIRFLOW_DATABASE_PASSWORD": "p@ss",
            "ELASTICSEARCH_URL": "http://keeper@search:9200",
            "KEEPER_ELASTICSEARCH_PASSWORD": "a:b",
        }
    )

    database = settings.database.url_with_password.get_secret_value()
    assert database == "postgresql://keeper:p%40ss%2Fw%25rd@host:5432/keeper"
    airflow = settings.airflow.database_url_with_password
    assert airflow is not None
    assert airflow.get_secret_value() == "postgresql://airflow:p%40ss@host:5432/airflow"
    search = settings.elasticsearch.url_with_password.get_secret_value()
    assert search == "http://keeper:a%3Ab@search:9200"
    assert "p%40ss" not in repr(settings)
    assert "p@ss" not in repr(settings)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"KEEPER_DATABASE_PASSWORD": "secret"}, id="the address has one"),
        pytest.param({"KEEPER_ELASTICSEARCH_PASSWORD": "secret"}, id="no user"),
        pytest.param({"KEEPER_AIRFLOW_DATABASE_PASSWORD": "secret"}, id="no address"),
        pytest.param({"KEEPER_KAFKA_PASSWORD": "secret"}, id="kafka without user"),
        pytest.param({"KEEPER_KAFKA_USER": "keeper"}, id="kafka without password"),
    ],
)
def test_half_a_login_is_a_mistake(given: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_variables(given)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "client"),
    [
        pytest.param({}, {}, id="plain"),
        pytest.param({"KEEPER_KAFKA_TLS": "true"}, {"security.protocol": "SSL"}, id="tls"),
        pytest.param(
            {"KEEPER_KAFKA_USER": "k", "KEEPER_KAFKA_PASSWORD": "p"},
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
                "KEEPER_KAFKA_USER": "k",
                "KEEPER_KAFKA_PASSWORD": "p",
                "KEEPER_KAFKA_TLS": "true",
                "KEEPER_KAFKA_MECHANISM": "SCRAM-SHA-512",
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
    assert Settings.from_variables(given).kafka.client_options == client


def links_with(url: str, secret: str) -> Settings:
    return Settings.from_variables({"KEEPER_PUBLIC_URL": url, "KEEPER_LINK_SECRET": secret})


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8000",
        "http://keeper.localhost",
        "http://127.0.0.2:8000",
        "http://[::1]:8000",
    ],
)
def test_the_published_link_secret_is_for_this_machine(url: str) -> None:
    settings = links_with(url, "for-development-only")

    assert settings.links.signing_keys == ("for-development-only",)


@pytest.mark.parametrize(
    "url",
    [
        "https://keeper.example.org",
        "http://192.168.1.5:8000",
        "http://localhost.example.org",
        "http://0.0.0.0:8000",
    ],
)
@pytest.mark.parametrize("secret", ["for-development-only", f"{'n' * 32}, for-development-only"])
def test_the_published_link_secret_is_refused_elsewhere(url: str, secret: str) -> None:
    with pytest.raises(SettingsError, match=r"anybody could make links.*openssl rand") as caught:
        links_with(url, secret)
    assert "for-development-only" not in str(caught.value)
    assert links_with(url, "n" * 32).links.signing_keys == ("n" * 32,)


def test_several_link_keys_stand_between_commas() -> None:
    settings = links_with("https://keeper.example.org", f"{'n' * 16}, {'o' * 16}")

    assert settings.links.signing_keys == ("n" * 16, "o" * 16)


@pytest.mark.parametrize("secret", ["n" * 15, f"{'n' * 16},{'o' * 15}", f"{'n' * 16},"])
def test_a_short_link_key_is_refused(secret: str) -> None:
    with pytest.raises(SettingsError, match="KEEPER_LINK_SECRET: must have 16 characters or more"):
        links_with("http://localhost:8000", secret)
