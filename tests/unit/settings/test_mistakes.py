"""Each mistake in the settings is one line that names its variable and shows no secret."""

from pathlib import Path

import pytest

from keeper.errors import SettingsError
from keeper.settings import VARIABLES, Settings, load_settings, variables

pytestmark = pytest.mark.usefixtures("nothing_set")


def mistakes(monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[str]:
    """Return the lines that say what is wrong with the variables."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    first, *lines = str(caught.value).splitlines()
    assert first == "Keeper cannot start:"
    return [line.strip() for line in lines]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DATABASE_URL", "mysql://u:s3cret@host/db", "postgresql://"),
        ("DATABASE_URL", "s3cret", "postgresql://"),
        ("DATABASE_URL", "postgresql://u:s3c@ret@host/db", "%40"),
        ("DATABASE_URL", "postgresql://u:s3c/ret@host/db", "%2F"),
        ("DATABASE_URL", "postgresql://u:77/s3cret@host/db", "%2F"),
        ("DATABASE_URL", "postgresql://u:s3c#ret@host/db", "percent-encoded"),
        ("DATABASE_URL", "postgresql://u:s3cret@ho:st/db", "percent-encoded"),
        ("ELASTICSEARCH_URL", "elastic:9200", "http://host:port"),
        ("ELASTICSEARCH_URL", "http://u:s3cret@[host:9200", "http://host:port"),
        ("ELASTICSEARCH_URL", "http://u:s3c/ret@host:9200", "http://host:port"),
        ("ELASTICSEARCH_URL", "http://u:s3cret@host", "must name the port"),
        ("KEEPER_KEEPA_URL", "ftp://host", "http://host:port"),
        ("KAFKA_BOOTSTRAP_SERVERS", "localhost", "host:port"),
        ("KAFKA_BOOTSTRAP_SERVERS", "a:9092,b", "host:port"),
        ("KEEPER_TASK_LOGS", "elastic", "'files' or 'elasticsearch'"),
        ("SMTP_PORT", "0", "greater than or equal to 1"),
        ("SMTP_PORT", "smtp", "integer"),
        ("KEEPER_SMTP_TLS", "ssl", "starttls"),
        ("KEEPER_SMTP_CA_FILE", "/nowhere/ca.pem", "cannot be read: No such file"),
        ("KEEPER_SMTP_CA_FILE", __file__, "holds no certificate"),
        ("KEEPER_PRICE_TYPES", "NEW,BUYBOX", "'BUYBOX'"),
        ("KEEPER_PRICE_TYPES", "NEW,RATING", "RATING is not a price"),
        ("KEEPER_MAX_QUARANTINE_SHARE", "5", "less than or equal to 1"),
        ("KEEPER_BATCH_PRODUCTS", "0", "greater than or equal to 1"),
        ("KEEPER_CHECK_INTERVAL_H", "nan", "greater than 0"),
        ("KEEPER_REPORT_AT", "24:00", "a time of the day like 07:00"),
        ("KEEPER_REPORT_AT", "07:00Z", "a time of the day like 07:00"),
    ],
    ids=[
        "another database",
        "no database url",
        "at sign in a password",
        "slash in a password",
        "slash after digits",
        "hash in a password",
        "no port number",
        "elasticsearch without scheme",
        "half an IPv6 address",
        "slash in elasticsearch's password",
        "elasticsearch without port",
        "keepa by ftp",
        "broker without port",
        "second broker without port",
        "unknown place for task logs",
        "port zero",
        "port by name",
        "unknown tls",
        "no file of authorities",
        "a file without authorities",
        "unknown price type",
        "a price type that is no price",
        "share in percent",
        "empty batches",
        "interval not a number",
        "no time of a day",
        "a time with a zone",
    ],
)
def test_a_mistake_is_one_line_with_the_variables_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    (line,) = mistakes(monkeypatch, **{name: value})

    assert line.startswith(f"{name}: ")
    assert said in line
    assert "s3c" not in line


@pytest.mark.parametrize(("given", "lacking"), [("USER", "PASSWORD"), ("PASSWORD", "USER")])
def test_half_a_login_names_the_other_half(
    monkeypatch: pytest.MonkeyPatch, given: str, lacking: str
) -> None:
    (line,) = mistakes(monkeypatch, **{f"SMTP_{given}": "s3cret"})

    assert f"SMTP_{given} is set but SMTP_{lacking} is not" in line
    assert "s3cret" not in line


def test_several_mistakes_are_said_together(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = mistakes(monkeypatch, SMTP_PORT="x", KEEPER_BATCH_PRODUCTS="x", DATABASE_URL="x")

    assert {line.partition(":")[0] for line in lines} == {
        "SMTP_PORT",
        "KEEPER_BATCH_PRODUCTS",
        "DATABASE_URL",
    }


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p%40ss@host:5432/db",
        "postgresql+asyncpg://u:p%40ss@host:5432/db",
        "postgres://u:p%40ss@host:5432/db",
    ],
    ids=["plain", "asyncpg", "short"],
)
def test_every_form_of_the_database_url_becomes_the_plain_one(url: str) -> None:
    settings = Settings.from_variables({"DATABASE_URL": url})

    assert settings.database.url.get_secret_value() == "postgresql://u:p%40ss@host:5432/db"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://host/db",
        "postgresql:///db?host=/run/postgresql",
        "postgresql://u@[::1]:5432/db",
        "postgresql://u:p@one:5432,two:5432/db?target_session_attrs=primary",
    ],
    ids=["no login", "unix socket", "IPv6", "two hosts"],
)
def test_what_postgres_takes_is_taken(url: str) -> None:
    settings = Settings.from_variables({"DATABASE_URL": url})

    assert settings.database.url.get_secret_value() == url


def test_blanks_are_absent_and_defaults_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "")

    assert load_settings() == Settings()
    assert load_settings().keepa.uses_simulator
    assert load_settings().mail.host is None


def test_the_environment_overrides_env_and_env_the_stacks_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(variables, "_CHECKOUT", tmp_path.resolve())
    (tmp_path / ".keeper").mkdir()
    (tmp_path / ".keeper" / "keeper.env").write_text("SMTP_HOST=stack\nSMTP_PORT=1\n")
    (tmp_path / ".env").write_text("SMTP_HOST=env\nSMTP_PORT=\nUNKNOWN=1\n")
    monkeypatch.setenv("SMTP_HOST", "environment")

    assert load_settings().mail.host == "environment"
    assert load_settings().mail.port == 1
    monkeypatch.delenv("SMTP_HOST")
    load_settings.cache_clear()
    assert load_settings().mail.host == "env"


def test_the_files_of_a_folder_that_is_no_checkout_do_not_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".keeper").mkdir()
    for name in (".env", ".keeper/keeper.env"):
        (tmp_path / name).write_text("KEEPER_KEEPA_URL=https://somebody.example.org\n")
    monkeypatch.setenv("KEEPA_API_KEY", "k" * 64)

    assert load_settings().keepa.url == "https://api.keepa.com"
    assert variables.files_of(variables._CHECKOUT)


@pytest.mark.parametrize(
    ("url", "is_refused"),
    [
        ("http://keepa.example.org", True),
        ("http://8.8.8.8:80", True),
        ("https://keepa.example.org", False),
        ("http://proxy:1", False),
        ("http://proxy.home.arpa", False),
        ("http://10.0.0.7", False),
        ("http://[::1]:8099", False),
        ("http://localhost:8099", False),
    ],
)
@pytest.mark.parametrize(
    ("secret", "address"),
    [("KEEPA_API_KEY", "KEEPER_KEEPA_URL"), ("TELEGRAM_BOT_TOKEN", "KEEPER_TELEGRAM_URL")],
)
def test_no_secret_crosses_networks_of_others_without_tls(
    monkeypatch: pytest.MonkeyPatch, secret: str, address: str, url: str, is_refused: bool
) -> None:
    monkeypatch.setenv(address, url)
    load_settings()
    load_settings.cache_clear()
    monkeypatch.setenv(secret, "k" * 64)

    if is_refused:
        (line,) = mistakes(monkeypatch)
        assert f"{address} must begin with https://" in line
    else:
        load_settings()


def test_no_two_settings_are_read_from_one_variable() -> None:
    groups = dict(Settings()).values()

    assert len(VARIABLES) == sum(len(dict(group)) for group in groups)


@pytest.mark.parametrize("text", ["all", "ALL"])
def test_all_price_types_are_all_prices(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("KEEPER_PRICE_TYPES", text)

    # Without RENT, which Keepa keeps no more.
    assert len(load_settings().runs.price_types) == 25
    assert "RATING" not in load_settings().runs.price_types


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = ("KEEPA_API_KEY", "SMTP_PASSWORD", "TELEGRAM_BOT_TOKEN", "DISCORD_WEBHOOK")
    for name in secrets:
        monkeypatch.setenv(name, "s3cret")
    monkeypatch.setenv("SMTP_USER", "me")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:s3cret@host/db")

    assert "s3cret" not in repr(load_settings())
    assert "s3cret" not in str(load_settings())
