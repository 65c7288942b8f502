"""Names of Keeper's that are kept outside its code lead where they did."""

from pathlib import Path
from typing import Any

import airflow
import pytest
from airflow.sdk._shared.module_loading import import_string

from keeper import orchestration
from tests.services import ROOT

STORED = {
    "keeper.orchestration.airflow_provider.provider_info": (
        "the entry point apache_airflow_provider of what is installed"
    ),
    "keeper.orchestration.doorbell_trigger.KeeperEventsTrigger": (
        "Airflow's tables of triggers and of assets' watchers"
    ),
    "keeper.orchestration.preload.preload_in_scheduler": (
        "airflow_local_settings.py of an Airflow's home"
    ),
    "keeper.orchestration.run_notices.tell_of_late_run": (
        "Airflow's tables of deadlines and callbacks: runs under way that are not late yet"
    ),
    "keeper.orchestration.settings_backend.SettingsBackend": (
        "AIRFLOW__SECRETS__BACKEND, or airflow.cfg"
    ),
    "keeper.orchestration.task_logs.LOGGING_CONFIG": (
        "AIRFLOW__LOGGING__LOGGING_CONFIG_CLASS, or airflow.cfg"
    ),
    # Airflow takes them from where LOGGING_CONFIG is.
    "keeper.orchestration.task_logs.REMOTE_TASK_LOG": "airflow.logging_config",
    "keeper.orchestration.task_logs.DEFAULT_REMOTE_CONN_ID": "airflow.logging_config",
    "keeper.orchestration.triggers.GroupReachedTrigger": (
        "Airflow's table of triggers: tasks that wait for a store"
    ),
    "keeper.orchestration.triggers.TokensRefilledTrigger": (
        "Airflow's table of triggers: tasks that wait for Keepa's tokens"
    ),
    "keeper.orchestration.triggers.requests.RequestEndedTrigger": (
        "Airflow's table of triggers: tasks that wait for a backup"
    ),
}
"""Which names, and who keeps them. A module with one of them stays where it is."""
TRIGGERS: dict[str, dict[str, Any]] = {
    "keeper.orchestration.doorbell_trigger.KeeperEventsTrigger": {
        "kinds": ["run_loaded"],
        "apart_s": 10.0,
        "topic": "keeper-events",
        "group": "keeper-doorbell",
    },
    "keeper.orchestration.triggers.GroupReachedTrigger": {
        "topic": "price-updates",
        "group": "keeper-consumer-group",
        "offsets": {"0": 7},
        "deadline": 1_780_000_000.0,
        "poll_interval_s": 1.0,
    },
    "keeper.orchestration.triggers.TokensRefilledTrigger": {"until": 1_780_000_000.0},
    "keeper.orchestration.triggers.requests.RequestEndedTrigger": {
        "request_id": 7,
        "claimed_before": 1_780_000_000.0,
        "ended_before": 1_780_000_000.0,
        "poll_interval_s": 5.0,
    },
}
"""Arguments as Airflow's tables hold them: an upgrade finds tasks that wait by them."""
ROOM = ROOT / "include/keeper/orchestration"


@pytest.mark.parametrize("name", sorted(STORED))
def test_a_name_that_is_kept_elsewhere_can_be_imported(name: str) -> None:
    import_string(name)


@pytest.mark.parametrize("name", sorted(TRIGGERS))
def test_a_wait_that_was_stored_goes_on(name: str) -> None:
    trigger: Any = import_string(name)(**TRIGGERS[name])

    assert trigger.serialize() == (name, TRIGGERS[name])


def test_every_module_of_orchestration_is_a_dags_or_known_elsewhere() -> None:
    dags = {file.stem for file in (ROOT / "dags").glob("*.py")}
    kept = {name.split(".")[2] for name in STORED}
    modules = {file.stem for file in ROOM.glob("*.py")} - {"__init__"}

    assert modules - dags <= kept
    assert dags <= modules
    assert all((ROOM / f"{name}.py").is_file() or (ROOM / name).is_dir() for name in kept)


def test_airflow_is_airflow_beside_the_folder_of_that_name() -> None:
    assert (Path(orchestration.__path__[0]) / "airflow").is_dir()
    assert airflow.__name__ == "airflow"
    assert not Path(str(airflow.__file__)).is_relative_to(ROOT / "include")
