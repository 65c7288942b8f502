"""Keeper in Airflow lets in who FAB's users are, as docs/AIRFLOW_USERS.md says."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from keeper.stores.postgres.connection import Connection
from tests.services import ROOT

pytestmark = pytest.mark.nightly
MANAGER = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
USERS = {"olga": ("User", "secret-of-olga"), "vera": ("Viewer", "secret-of-vera")}
API = "/keeper/api/v1"


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """Python in an environment of what the image has with the extra `fab`."""
    environment = tmp_path / "venv"
    subprocess.run(
        [
            *(sys.executable, "-m", "uv", "sync", "--frozen", "--quiet", "--no-dev"),
            *("--no-install-project", "--extra", "fab", "--python", sys.executable),
        ],
        cwd=ROOT,
        env={**os.environ, "UV_PROJECT_ENVIRONMENT": str(environment)},
        check=True,
    )
    return environment / "bin" / "python"


def test_fabs_roles_count_at_keepers_pages(
    python: Path, dag_environment: dict[str, str], tmp_path: Path, connection: Connection
) -> None:
    passwords = tmp_path / "passwords.json"
    passwords.write_text(json.dumps({name: secret for name, (_, secret) in USERS.items()}))
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "index.html").write_text('<base href="/app/" />the pages', encoding="utf-8")
    environment = {
        **os.environ,
        **dag_environment,
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__AUTH_MANAGER": MANAGER,
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__API__BASE_URL": "https://airflow.example.org",
        "AIRFLOW__API__SECRET_KEY": "another-secret-for-tests",
        "AIRFLOW__API_AUTH__JWT_SECRET": "a-secret-for-tests-" * 4,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/fab.db",
        "KEEPER_USER_EMAIL": "boss@example.org",
        "KEEPER_PAGES_DIR": str(pages),
    }

    def run(*words: str) -> str:
        done = subprocess.run(
            [python, *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-5000:]
        return done.stdout

    run("-m", "airflow", "db", "migrate")
    here = Path(__file__).parent
    run(str(here / "fab_users.py"), json.dumps(USERS))
    new = {"email": "ann@example.org"}
    own = {"Origin": "OWN"}
    questions = [
        {"who": "olga", "method": "GET", "path": f"{API}/me"},
        {"who": "olga", "method": "POST", "path": f"{API}/users", "json": new, "headers": own},
        {"who": "vera", "method": "GET", "path": f"{API}/me"},
        {"who": "vera", "method": "POST", "path": f"{API}/users", "json": new, "headers": own},
    ]
    said = json.loads(run(str(here / "hosted_console.py"), json.dumps(questions)).splitlines()[-1])

    assert [answer["status"] for answer in said["answers"]] == [200, 201, 200, 403]
    assert set(said["routes"].values()) <= {401, 403}
    assert said["socket"] == 403
    rows = connection.execute("SELECT FROM users WHERE email = %s", (new["email"],)).fetchall()
    assert len(rows) == 1
