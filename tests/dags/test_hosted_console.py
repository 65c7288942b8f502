"""The console in Airflow: an API server mounts it, and its users are Keeper's operators."""

import json
from pathlib import Path
from typing import Any

import pytest

from keeper.stores.postgres.connection import Connection
from tests.dags.conftest import RunInFork
from tests.services import ROOT

BOSS = "boss@example.org"
ORIGIN = {"Origin": "OWN"}
API = "/keeper/api/v1"


@pytest.fixture
def hosting(dag_environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The environment of an API server with Keeper's plugin, users and built pages."""
    passwords = tmp_path / "passwords.json"
    passwords.write_text(json.dumps({"olga": "secret-1", "vera": "secret-2"}), encoding="utf-8")
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "index.html").write_text('<base href="/app/" />the pages', encoding="utf-8")
    return dag_environment | {
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "olga:op,vera:viewer",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__API__BASE_URL": "https://airflow.example.org",
        "AIRFLOW__API_AUTH__JWT_SECRET": "a-secret-for-tests-" * 4,
        "KEEPER_USER_EMAIL": BOSS,
        "KEEPER_PAGES_DIR": str(pages),
    }


def asked(who: str | None, method: str, path: str, **more: Any) -> dict[str, Any]:
    return {"who": who, "method": method, "path": path, **more}


def test_airflows_users_are_operators_and_nobody_else_gets_anything(
    hosting: dict[str, str], run_in_fork: RunInFork, tmp_path: Path, connection: Connection
) -> None:
    new = {"email": "ann@example.org"}
    # Whoever may only look at Airflow does no more by bringing a token of Keeper's along.
    token = ORIGIN | {"Authorization": "Bearer keeper_pat_x"}
    questions = [
        asked("olga", "GET", f"{API}/me"),
        asked("olga", "GET", f"{API}/runs"),
        asked("olga", "GET", "/keeper/app/operations"),
        asked("olga", "GET", "/keeper/"),
        asked("olga", "POST", f"{API}/users", json=new, headers=ORIGIN),
        asked("olga", "POST", f"{API}/users", json=new),
        asked("olga", "POST", f"{API}/users", json=new, headers={"Origin": "https://evil.example"}),
        asked("vera", "GET", f"{API}/me"),
        asked("vera", "POST", f"{API}/users", json=new, headers=ORIGIN),
        asked(None, "GET", f"{API}/me", headers={"Cookie": "_token=forged"}),
        asked(None, "GET", f"{API}/me", headers={"Authorization": "Bearer keeper_pat_x"}),
        asked(None, "GET", f"{API}/me", headers={"X-Forwarded-User": BOSS}),
        asked("olga", "GET", f"{API}/me", headers={"Authorization": "Bearer keeper_pat_x"}),
        asked("vera", "POST", f"{API}/users", json=new, headers=token),
        asked("olga", "GET", "/ui/config"),
    ]
    script = Path(__file__).with_name("hosted_console.py")

    done = run_in_fork(script, json.dumps(questions), cwd=tmp_path, **hosting).last_line

    assert len(done["routes"]) > 300
    assert {name: status for name, status in done["routes"].items() if status != 401} == {}
    assert done["socket"] == 403
    me, runs, page, begin, added, silent, foreign, viewer, refused, *strangers, _ = done["answers"]
    found = json.loads(me["text"])
    assert (found["email"], found["role"]) == (BOSS, "operator")
    assert runs["status"] == 200
    assert page["text"] == '<base href="/keeper/app/" />the pages'
    assert "frame-ancestors 'self'" in page["headers"]["content-security-policy"]
    assert (begin["status"], begin["headers"]["location"]) == (307, "/keeper/app/")
    assert added["status"] == 201, added["text"]
    assert [silent["status"], foreign["status"]] == [403, 403]
    assert (viewer["status"], refused["status"]) == (200, 403)
    assert [one["status"] for one in strangers] == [403, 401, 401, 401, 401]
    rows = connection.execute("SELECT FROM users WHERE email = %s", (new["email"],)).fetchall()
    assert len(rows) == 1
    logged = connection.execute(
        "SELECT email, origin FROM audit_log WHERE action = 'user added'"
    ).fetchall()
    assert [tuple(row.values()) for row in logged] == [(BOSS, "olga at Airflow, 127.0.0.1")]
