"""Keeper is one of Airflow's providers: its connection types are there, with forms and tests."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService

from tests.dags.conftest import Printed, RunInFork
from tests.keepa_simulator import Simulator
from tests.services import ROOT, Stack, free_port

Airflow = Callable[..., Printed]
_LOOKING_AT_FORMS = """
import json, sys
from airflow.providers_manager import ProvidersManager
forms = ProvidersManager().iter_connection_type_hook_ui_metadata()
types = {form.connection_type for form in forms}
hooks = [name for name in sys.modules if name.startswith("keeper.orchestration.airflow.hooks")]
print(json.dumps([sorted(types & {"keepa", "keeper_elasticsearch"}), hooks]))
"""


@pytest.fixture
def airflow(
    stack: Stack, airflow_environment: dict[str, str], run_in_fork: RunInFork, tmp_path: Path
) -> Airflow:
    """Runs an `airflow` command, with the stack's connections and changes of the environment."""

    def run(*words: str, **changes: str) -> Printed:
        environment = {**stack.environment, **airflow_environment, **changes}
        return run_in_fork("-m", "airflow", *words, cwd=tmp_path, **environment)

    return run


def test_it_is_listed(airflow: Airflow) -> None:
    listed = airflow("providers", "list", "--output", "json")

    assert "keeper" in {one["package_name"] for one in listed.last_line}


def test_its_forms_are_made_without_its_hooks(run_in_fork: RunInFork, tmp_path: Path) -> None:
    script = tmp_path / "look_at_forms.py"
    script.write_text(_LOOKING_AT_FORMS, encoding="utf-8")

    assert run_in_fork(script, cwd=tmp_path).last_line == [["keepa", "keeper_elasticsearch"], []]


def test_the_forms_ask_in_peoples_words() -> None:
    forms: dict[str | None, Any] = {
        one.connection_type: one for one in HookMetaService.hook_meta_data()
    }

    keepa = forms["keepa"]
    assert keepa.hook_name == "Keepa"
    assert keepa.standard_fields.password.title == "API key"
    assert keepa.standard_fields.host.title == "Base URL"
    for name in ("url_schema", "login", "port"):
        assert getattr(keepa.standard_fields, name).hidden, name
    assert set(keepa.extra_fields) == {"source", "timeout_s"}
    assert all(field["description"] for field in keepa.extra_fields.values())
    search = forms["keeper_elasticsearch"]
    assert search.hook_name == "Elasticsearch of Keeper"
    assert search.standard_fields.url_schema.title == "Protocol"
    assert forms["elasticsearch"].hook_name == "Elasticsearch", "the provider's own is still there"


@pytest.mark.usefixtures("migrated_stores")
def test_the_command_tests_both(airflow: Airflow, simulate: Callable[..., Simulator]) -> None:
    keepa = json.dumps({"conn_type": "keepa", "host": simulate().url, "password": "simulator"})

    for conn_id in ("keeper_keepa", "keeper_elasticsearch"):
        said = airflow("connections", "test", conn_id, AIRFLOW_CONN_KEEPER_KEEPA=keepa)
        assert said.code == 0, said.text
        assert "Connection success!" in said.text


def test_the_command_fails_where_nobody_answers_and_shows_no_key(airflow: Airflow) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    keepa = json.dumps({"conn_type": "keepa", "host": url, "password": "marked-secret"})

    said = airflow("connections", "test", "keeper_keepa", AIRFLOW_CONN_KEEPER_KEEPA=keepa)

    assert said.code == 1
    assert "Connection failed!" in said.text
    assert "cannot be reached" in said.text
    assert "marked-secret" not in said.text


def test_every_process_that_looks_for_providers_reads_what_imports_nothing() -> None:
    read = (
        "import json, sys; before = set(sys.modules); import keeper.orchestration.airflow_provider;"
        " print(json.dumps(sorted({n.partition('.')[0] for n in set(sys.modules) - before})))"
    )
    said = subprocess.run(
        [sys.executable, "-c", read],
        env={**os.environ, "PYTHONPATH": str(ROOT / "include")},
        capture_output=True,
        text=True,
        check=True,
    )

    imported = set(json.loads(said.stdout))
    assert imported - set(sys.stdlib_module_names) == {"keeper"}
