"""Asks an Airflow API server that hosts the console: `python hosted_console.py QUESTIONS`.

Questions are a JSON list of {who, method, path, headers, json}; `who` is a user of Airflow's, or
null for nobody. The last line printed has `routes`, what was answered to nobody on each of the
console's routes and methods, `socket`, and `answers`, in the order of the questions.
"""

import json
import os
import re
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from airflow import settings
from airflow.api_fastapi.app import create_app
from fastapi import FastAPI
from starlette.routing import Mount
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

PASSWORDS = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def main() -> None:
    """Serve, ask, and print what was answered."""
    questions = json.loads(sys.argv[1])
    # The process this is a fork of has read its settings before.
    settings.PLUGINS_FOLDER = os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"]
    app = create_app(apps="core")
    (mount,) = [one for one in app.routes if isinstance(one, Mount) and one.path == "/keeper"]
    assert isinstance(mount.app, FastAPI)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.02)
        url = f"http://127.0.0.1:{port}"
        try:
            said = {
                "routes": _of_nobody(url, mount.app),
                "socket": _socket(url),
                "answers": [_answer(url, question) for question in questions],
            }
        finally:
            server.should_exit = True
            thread.join()
    sys.stdout.write(f"{json.dumps(said)}\n")


def _of_nobody(url: str, console: FastAPI) -> dict[str, int]:
    paths = {str(getattr(route, "path", "")) for route in console.routes}
    paths |= set(console.openapi()["paths"]) | {"/none"}
    found = {}
    with httpx.Client(base_url=url, trust_env=False) as nobody:
        for path in sorted(paths):
            asked = "/keeper" + re.sub(r"\{[^}]*\}", "1", path)
            for method in _METHODS:
                answer = nobody.request(method, asked, headers={"Origin": url})
                found[f"{method} {path}"] = answer.status_code
    return found


def _socket(url: str) -> int:
    try:
        with connect(f"{url.replace('http', 'ws')}/keeper/api/v1/feed"):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def _answer(url: str, question: dict[str, Any]) -> dict[str, Any]:
    with httpx.Client(base_url=url, trust_env=False) as client:
        if question["who"] is not None:
            client.cookies.set("_token", _token(client, question["who"]))
        headers = {
            name: value.replace("OWN", url) for name, value in question.get("headers", {}).items()
        }
        answer = client.request(
            question["method"], question["path"], headers=headers, json=question.get("json")
        )
    return {"status": answer.status_code, "headers": dict(answer.headers), "text": answer.text}


def _token(client: httpx.Client, who: str) -> str:
    passwords = json.loads(Path(os.environ[PASSWORDS]).read_text(encoding="utf-8"))
    login = {"username": who, "password": passwords[who]}
    token: str = client.post("/auth/token", json=login).raise_for_status().json()["access_token"]
    return token


main()
