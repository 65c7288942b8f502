"""docker-compose.prod.yaml: one door, no password in it, limits on everything."""

import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from docker.check_settings import mistakes_of
from docker.make_secrets import GIVEN, PASSWORDS, TLS, make_certificate, make_secrets
from keeper.domain.users.telegram import app_key_of
from keeper.settings import VARIABLES, load_settings
from keeper.stores.postgres.access import APPLICATION, CONSOLE, READ
from keeper.streams.workers import LOADERS, WORKERS, Store
from tests.architecture.composition import (
    BASE,
    KEEPER_IMAGE,
    PROD,
    compose_text,
    composed,
    composition,
    example_environment,
    pinned_versions,
)

MERGED = composition(BASE, PROD)
SERVICES = MERGED["services"]
ONE_SHOTS = {"check-settings", "migrate"}
# Of .env, what production may not read.
OF_A_LAPTOP = {name for name in example_environment() if re.search(r"PASSWORD|SECRET$|_KEY$", name)}
BY_PROFILE = {
    "all-in-one": ["all-in-one"],
    "bot": ["bot"],
    "connect": ["connect"],
    "connect-setup": ["connect"],
    "keepa-simulator": ["simulator"],
    "metrics": ["observe"],
}
ASK_WORLD = {
    *("airflow-worker-prices", "airflow-worker-others"),
    # It runs the callbacks of failed runs, which may have to mail the operator directly.
    "airflow-dag-processor",
    *(worker.name for worker in WORKERS if worker.needs_internet),
}


def test_only_nginx_publishes_ports() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert {
        name: [port.rsplit(":", 2)[1:] for port in ports] for name, ports in published.items()
    } == {"nginx": [["80", "8080"], ["443", "8443"]]}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_containers_are_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}
    assert service["restart"] == ("no" if name in ONE_SHOTS else "unless-stopped")
    assert "healthcheck" in service or name in ONE_SHOTS
    assert service.get("profiles", []) == BY_PROFILE.get(name, [])


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_networks_are_private(name: str) -> None:
    networks = set(SERVICES[name]["networks"])
    assert ("edge" in networks) == (name == "nginx")
    assert ("outside" in networks) == (name in ASK_WORLD)
    assert ("back" in networks) == (name != "nginx")
    assert MERGED["networks"]["front"] == MERGED["networks"]["back"] == {"internal": True}


def test_no_code_of_the_checkout_is_mounted() -> None:
    mounted = [volume for s in SERVICES.values() for volume in s.get("volumes", ())]
    assert {volume.split(":")[0].split("/")[1] for volume in mounted if volume[0] == "."} == {
        "docker"
    }


def test_secrets_are_files_that_the_command_makes() -> None:
    folder = "${KEEPER_SECRETS:-./secrets}"
    assert MERGED["secrets"] == {
        name: {"file": f"{folder}/{name}"}
        for name in (*PASSWORDS, "airflow_fernet_key", "keeper_redis_url", *GIVEN, *TLS)
    }
    granted = {name: set(service.get("secrets", ())) for name, service in SERVICES.items()}
    assert granted["check-settings"] == set(MERGED["secrets"])
    assert granted["nginx"] == set(TLS)
    for name, service in SERVICES.items():
        named = set(re.findall(r"/run/secrets/(\w+)", str(service)))
        assert named - {"kafka_password"} <= granted[name], name


def test_who_needs_no_login_to_airflow_and_no_channel_has_none() -> None:
    granted = {name: set(service.get("secrets", ())) for name, service in SERVICES.items()}
    holders = {name for name, held in granted.items() if "airflow_console_password" in held}
    assert holders == {"console", "all-in-one", "airflow-apiserver", "check-settings"}
    assert granted["relay"] == {"keeper_app_postgres_password", "kafka_password"}
    given = SERVICES["relay"]["environment"]
    assert {name for name, value in given.items() if value.startswith("/run/secrets/")} == {
        "KEEPER_DATABASE_PASSWORD_FILE",
        "KEEPER_KAFKA_PASSWORD_FILE",
    }


def test_each_logs_in_to_postgres_by_the_role_it_needs() -> None:
    granted = {name: set(service.get("secrets", ())) for name, service in SERVICES.items()}
    servers = {"postgres", "check-settings"}
    for password, role, holders in (
        ("keeper_postgres_password", "keeper", {"migrate"}),
        ("keeper_console_postgres_password", CONSOLE, {"console", "airflow-apiserver"}),
        ("keeper_read_postgres_password", READ, set()),
    ):
        assert {name for name, held in granted.items() if password in held} == holders | servers
        for name in holders:
            given = SERVICES[name]["environment"]
            assert given["DATABASE_URL"] == f"postgresql://{role}@postgres:5432/keeper"
            assert given["KEEPER_DATABASE_PASSWORD_FILE"] == f"/run/secrets/{password}"
    application = {
        name for name, held in granted.items() if "keeper_app_postgres_password" in held
    } - servers
    for name in application:
        given = SERVICES[name]["environment"]
        assert given["DATABASE_URL"] == f"postgresql://{APPLICATION}@postgres:5432/keeper"
    assert {"consume-prices", "deliver", "airflow-worker-prices", "all-in-one"} <= application
    assert not {"index-prices", "nginx", "kibana-setup", "keepa-simulator"} & application


def test_loaders_hold_what_leads_to_kafka_and_their_store_alone() -> None:
    for loader in LOADERS.values():
        store = {
            Store.POSTGRES: "keeper_app_postgres_password",
            Store.ELASTICSEARCH: "keeper_elasticsearch_password",
        }[loader.store]
        service = SERVICES[loader.name]
        assert set(service["secrets"]) == {store, "kafka_password"}
        read = {
            name
            for name, value in service["environment"].items()
            if str(value).startswith("/run/secrets/")
        }
        assert len(read) == 2, read


def test_the_bot_holds_its_own_secrets_and_nothing_of_kafka_keepa_or_mail() -> None:
    granted = {name: set(service.get("secrets", ())) for name, service in SERVICES.items()}
    assert granted["bot"] == {
        *("keeper_app_postgres_password", "keeper_link_secret", "keeper_redis_url"),
        *("telegram_bot_token", "keeper_bot_api_token"),
    }
    holders = {name for name, held in granted.items() if "keeper_bot_api_token" in held}
    assert holders == {"bot", "check-settings"}
    holders = {name for name, held in granted.items() if "keeper_mini_app_key" in held}
    assert holders == {"console", "all-in-one", "check-settings"}


def test_the_mini_apps_key_is_made_of_the_bots_token(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    assert (tmp_path / "keeper_mini_app_key").read_text() == ""
    (tmp_path / "telegram_bot_token").write_text("4711:secret-word\n")
    assert "keeper_mini_app_key" in make_secrets(tmp_path)
    key = (tmp_path / "keeper_mini_app_key").read_text()
    assert bytes.fromhex(key) == app_key_of("4711:secret-word")


@pytest.mark.parametrize("name", ["console", "all-in-one"])
def test_the_console_holds_no_secret_of_keepa_or_a_channel(name: str) -> None:
    console = SERVICES[name]
    assert not {"keepa_api_key", "smtp_password", "kafka_admin_password"} & set(console["secrets"])
    assert not [name for name in console["secrets"] if re.search("telegram|discord|apprise", name)]
    held = re.compile("KEEPA_API_KEY|SMTP|TELEGRAM_BOT|DISCORD|APPRISE")
    given = {name: value for name, value in console["environment"].items() if held.match(name)}
    assert [name for name in given if name.endswith("_FILE") and given[name]] == []
    # A login without its password is a mistake in the settings, which keeps it from starting.
    assert given["SMTP_USER"] == ""


def test_the_cache_may_lose_anything_and_celerys_redis_nothing(root: Path) -> None:
    cache = (root / "docker/redis/cache.sh").read_text("utf-8")
    celery = (root / "docker/redis/start.sh").read_text("utf-8")
    for line in ("maxmemory 512mb", "maxmemory-policy allkeys-lru", 'save ""', "appendonly no"):
        assert f"\n{line}\n" in cache
        assert line not in celery
    assert "user default off" in cache
    assert set(SERVICES["cache"]["secrets"]) == {"keeper_redis_url"}


def test_no_password_of_a_laptop_is_read() -> None:
    text = compose_text(BASE, PROD)
    environment = example_environment() | {
        name: f"of-a-laptop-{name}" for name in OF_A_LAPTOP | {"KEEPER_PUBLIC_URL"}
    }
    known = str(composed(environment, BASE, PROD)["services"])
    assert len(OF_A_LAPTOP) >= 10
    assert [name for name in OF_A_LAPTOP if f"of-a-laptop-{name}" in known] == []
    assert ":?copy" not in text


def test_every_setting_that_is_a_secret_is_a_file() -> None:
    secret = {name for name, field in VARIABLES.items() if "Secret" in str(field)}
    urls = {"DATABASE_URL", "KEEPER_AIRFLOW_DATABASE_URL", "KEEPER_REDIS_URL"}
    environment = SERVICES["airflow-worker-prices"]["environment"]
    of_one = {
        "KEEPER_AIRFLOW_API_PASSWORD": "console",
        "KEEPER_MINI_APP_KEY": "console",
        "KEEPER_BOT_API_TOKEN": "bot",
    }
    for name, service in of_one.items():
        assert f"{name}_FILE" in SERVICES[service]["environment"], name
        assert SERVICES[service]["environment"][name] == "", name
    # Who has these can read every secret in the databases.
    for name, service in SERVICES.items():
        is_backup = name in {"backup-on-request", "receive-wal"}
        assert ("backup_postgres_password" in service.get("secrets", ())) == (
            is_backup or name in {"postgres", "check-settings"}
        )
    of_nobody = {"KEEPER_BACKUP_SERVER_URL", "KEEPER_BACKUP_SERVER_PASSWORD"}
    assert {environment[name] for name in of_nobody} == {""}
    for name in secret - urls - of_one.keys() - of_nobody:
        assert f"{name}_FILE" in environment, name
        assert environment[name] == "", name


def test_airflow_runs_on_celery_with_its_secrets_read_by_commands() -> None:
    for name, service in SERVICES.items():
        if not name.startswith("airflow") or service["image"] != KEEPER_IMAGE:
            continue
        environment = service["environment"]
        assert environment["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
        assert "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD" in environment
        for option, secret in {
            "API__SECRET_KEY": "airflow_api_secret",
            "API_AUTH__JWT_SECRET": "airflow_jwt_secret",
            "CELERY__BROKER_URL": "redis_password",
            "CORE__FERNET_KEY": "airflow_fernet_key",
            "DATABASE__SQL_ALCHEMY_CONN": "airflow_postgres_password",
        }.items():
            command = environment.get(f"AIRFLOW__{option}_CMD")
            assert (command is not None) == (secret in service["secrets"]), (name, option)
            if command is not None:
                assert command.startswith(f"sh /opt/keeper/docker/secret.sh {secret}")
            # On Celery a laptop's address has no password, and is never asked.
            assert f"AIRFLOW__{option}" not in environment
    queues = {
        name: set(
            SERVICES[name]["command"][SERVICES[name]["command"].index("--queues") + 1].split(",")
        )
        for name in ("airflow-worker-prices", "airflow-worker-others")
    }
    assert set.union(*queues.values()) == {"prices", "deals", "storage", "default"}


def test_secrets_are_made_once_and_for_their_owner(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    made = make_secrets(folder)
    first = {file.name: file.read_text("utf-8") for file in folder.iterdir()}

    assert set(made) == {*PASSWORDS, "airflow_fernet_key", "keeper_redis_url"}
    assert make_secrets(folder) == []
    assert {file.name: file.read_text("utf-8") for file in folder.iterdir()} == first
    assert len({first[name] for name in made}) == len(made)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_command_says_what_a_person_has_to_give(root: Path, tmp_path: Path) -> None:
    command: list[str | Path] = [
        sys.executable,
        root / "docker" / "make_secrets.py",
        "--folder",
        tmp_path / "secrets",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert [line.rsplit("/", 1)[1] for line in done.stderr.splitlines()] == list(TLS)
    assert "keepa_api_key" in done.stdout
    signed = subprocess.run([*command, "--self-signed", "localhost"], check=False)
    assert signed.returncode == 0


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Secrets as they should be, Keepa's key given."""
    for name in os.environ.keys() & VARIABLES.keys():
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    load_settings.cache_clear()
    folder = tmp_path / "secrets"
    make_secrets(folder)
    make_certificate(folder, "keeper.example.org")
    (folder / "keepa_api_key").write_text("k" * 64)
    yield folder
    load_settings.cache_clear()


def found(secrets: Path, **environment: str) -> list[str]:
    given = {"KEEPER_PRODUCTION": "true", "KEEPER_PUBLIC_URL": "https://keeper.example.org"}
    return list(mistakes_of(given | environment, secrets))


def test_secrets_as_made_are_right(secrets: Path) -> None:
    assert found(secrets) == []


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        pytest.param("redis_password", "", "shorter than 16", id="empty"),
        pytest.param("kafka_password", "changeme", "shorter than 16", id="short"),
        pytest.param("kafka_password", 'a"b' * 10, "letters, digits", id="a quote"),
        pytest.param("airflow_fernet_key", "x" * 44, "URL-safe base64", id="no fernet key"),
        pytest.param("airflow_jwt_secret", "x" * 20, "64 characters", id="short jwt secret"),
        pytest.param("keepa_api_key", "", "COMPOSE_PROFILES=simulator", id="no key"),
        pytest.param("keeper_redis_url", "redis://cache:6379/0", "shorter than 16", id="no login"),
        pytest.param("tls_certificate", "none", "no certificate", id="no certificate"),
        pytest.param("tls_key", "none", "no private key", id="no key of it"),
    ],
)
def test_a_wrong_secret_is_named_and_not_said(
    name: str, text: str, said: str, secrets: Path
) -> None:
    (secrets / name).write_text(text)

    mistakes = found(secrets)

    assert len(mistakes) == 1
    assert mistakes[0].startswith(f"secrets/{name}: ")
    assert said in mistakes[0]
    assert not text or text not in mistakes[0]


def test_another_certificates_key_is_noticed(secrets: Path, tmp_path: Path) -> None:
    certificate = (secrets / "tls_certificate").read_text()
    make_certificate(secrets, "other.example.org")
    (secrets / "tls_certificate").write_text(certificate)

    assert found(secrets) == ["secrets/tls_key: is not the key of secrets/tls_certificate"]


def test_an_address_without_tls_is_a_mistake(secrets: Path) -> None:
    (mistake,) = found(secrets, KEEPER_PUBLIC_URL="http://keeper.example.org")
    assert mistake.startswith("KEEPER_PUBLIC_URL: must begin with https://")


def test_the_simulator_needs_no_key(secrets: Path) -> None:
    (secrets / "keepa_api_key").write_text("")
    assert found(secrets, KEEPER_PROFILES="simulator") == []


def test_keepers_own_mistakes_are_among_them(
    secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTP_PORT", "0")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "kafka")
    mistakes = found(secrets)
    assert [mistake.split(":")[0] for mistake in mistakes] == [
        "KAFKA_BOOTSTRAP_SERVERS",
        "SMTP_PORT",
    ]


def test_images_of_a_server_alone_are_as_pinned() -> None:
    wanted = pinned_versions()["images"]

    assert SERVICES["nginx"]["image"] == f"nginxinc/nginx-unprivileged:{wanted['nginx']}"
    assert SERVICES["cache"]["image"] == f"redis:{wanted['redis']}"


def test_nobody_has_a_servers_airflow_connect_to_where_they_like() -> None:
    # Airflow's own default is Disabled; a laptop's file and the local stack say otherwise.
    for service in SERVICES.values():
        assert "AIRFLOW__CORE__TEST_CONNECTION" not in service.get("environment", {})
