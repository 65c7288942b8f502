"""Each part of Airflow in containers holds the secrets it needs, and no other."""

import re
from pathlib import Path
from typing import Any

import pytest

from keeper.settings import VARIABLES, Settings
from keeper.settings.variables import read_variables
from stack.airflow import HOLDERS
from tests.architecture.composition import BASE, DEV, PROD, composed, example_environment

WORKER = {
    *("keeper_app_postgres_password", "kafka_password", "keeper_elasticsearch_password"),
    *("keepa_api_key", "smtp_password", "telegram_bot_token", "discord_webhook"),
    *("keeper_discord_webhooks", "keeper_apprise_urls", "keeper_link_secret"),
    *("airflow_postgres_password", "redis_password"),
}
NEEDS = {
    "airflow-apiserver": {
        *("airflow_postgres_password", "airflow_jwt_secret", "airflow_fernet_key"),
        *("airflow_api_secret", "airflow_password", "airflow_console_password"),
        *("keeper_console_postgres_password", "kafka_password"),
        *("keeper_elasticsearch_password", "keeper_link_secret"),
    },
    "airflow-scheduler": {
        *("airflow_postgres_password", "airflow_jwt_secret", "airflow_fernet_key"),
        "redis_password",
    },
    "airflow-dag-processor": {
        *("airflow_postgres_password", "airflow_fernet_key"),
        *("keeper_app_postgres_password", "smtp_password"),
    },
    "airflow-triggerer": {
        *("airflow_postgres_password", "airflow_fernet_key"),
        *("keeper_app_postgres_password", "kafka_password", "keeper_elasticsearch_password"),
    },
    "airflow-worker-prices": WORKER,
    "airflow-worker-others": WORKER,
    "migrate": {
        *("airflow_postgres_password", "keeper_postgres_password", "kafka_password"),
        "keeper_elasticsearch_password",
    },
}
ENVIRONMENT = example_environment() | {
    "KEEPER_PUBLIC_URL": "https://keeper.example.org",
    "SMTP_HOST": "smtp.example.org",
    "SMTP_USER": "keeper",
    "KEEPER_AIRFLOW_FERNET_KEY": "a-key",
}
SERVER = composed(ENVIRONMENT, BASE, PROD)["services"]
LAPTOP = composed(ENVIRONMENT, BASE, DEV)["services"]
ALL_OF_IT = {"check-settings"}


def test_no_part_is_forgotten() -> None:
    assert {name for name in SERVER if name.startswith("airflow")} | {"migrate"} == set(NEEDS)


@pytest.mark.parametrize("name", sorted(NEEDS))
def test_a_part_holds_what_it_needs_and_reads_all_of_it(name: str) -> None:
    assert set(SERVER[name]["secrets"]) == NEEDS[name]
    environment = SERVER[name]["environment"]
    named = set(re.findall(r"/run/secrets/(\w+)|secret\.sh (\w+)", str(environment)))
    assert {first or second for first, second in named} == NEEDS[name]


@pytest.mark.parametrize("services", [SERVER, LAPTOP], ids=["server", "laptop"])
def test_who_serves_the_api_and_who_hands_tasks_out_sign_and_nobody_else(
    services: dict[str, Any],
) -> None:
    signers = {
        name
        for name, service in services.items()
        if "AIRFLOW__API_AUTH__JWT_SECRET" in str(service.get("environment"))
        or "airflow_jwt_secret" in service.get("secrets", ())
    }
    assert signers - ALL_OF_IT == {"airflow-apiserver", "airflow-scheduler"}


@pytest.mark.parametrize("services", [SERVER, LAPTOP], ids=["server", "laptop"])
def test_who_runs_tasks_on_celery_has_none_of_airflows_keys(services: dict[str, Any]) -> None:
    for name in ("airflow-worker-prices", "airflow-worker-others"):
        held = str(services[name])
        assert not re.search("JWT_SECRET|FERNET_KEY|API__SECRET|jwt_secret|fernet|api_secret", held)


def test_the_local_stack_gives_them_as_a_laptop_does() -> None:
    as_local = {"airflow-apiserver": "airflow-api"}
    for variable, wanted in HOLDERS.items():
        holders = {
            as_local.get(name, name)
            for name, service in LAPTOP.items()
            if variable in service.get("environment", {})
        }
        assert holders - ALL_OF_IT == wanted


@pytest.mark.parametrize("name", sorted(NEEDS))
def test_settings_are_whole_with_what_it_has(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login without its password, or links without their key, would keep it from starting."""
    monkeypatch.chdir(tmp_path)
    environment = SERVER[name]["environment"]
    for secret in SERVER[name]["secrets"]:
        addresses = secret in {"keeper_discord_webhooks", "keeper_apprise_urls"}
        text = '{"family": "https://chat.example.org/1"}' if addresses else f"a-secret-{secret}"
        (tmp_path / secret).write_text(text)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value.replace("/run/secrets", str(tmp_path)))

    settings = Settings.from_variables(read_variables(VARIABLES))

    assert settings.airflow.database_url_with_password is not None
    sends_mail = "smtp_password" in NEEDS[name]
    assert (settings.mail.host == "smtp.example.org") == sends_mail
