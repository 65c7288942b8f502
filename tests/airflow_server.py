"""Airflow's REST API as far as Keeper asks it: a login, runs and their states."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USER, PASSWORD = "keeper-console", "a-password"


@dataclass
class Airflow:
    """What was asked, and what is answered.

    Attributes:
        url: Where it is.
        runs: By id, what a run was started with.
        states: By id, its state; queued if it has none.
        logins: How often somebody logged in.
        looks: How often somebody asked for the next run.
        token: What counts as a token now.
        status: Answers everything but a login with this; None for what is right.
        next_run: When the next run comes; None while it is paused.
        hangs_up: Starts runs and ends the connection without a word.
    """

    url: str = ""
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    logins: int = 0
    looks: int = 0
    token: str = "token-1"
    status: int | None = None
    next_run: str | None = None
    hangs_up: bool = False

    def answer(
        self, method: str, path: str, token: str | None, body: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        if path == "/auth/token":
            self.logins += 1
            is_right = body == {"username": USER, "password": PASSWORD}
            return (201, {"access_token": self.token}) if is_right else (401, {})
        if token != f"Bearer {self.token}":
            return 401, {}
        if self.status is not None:
            return self.status, {}
        if path == "/api/v2/dags/track_prices":
            self.looks += 1
            return 200, {"is_paused": self.next_run is None, "next_dagrun_run_after": self.next_run}
        runs = "/api/v2/dags/track_prices/dagRuns"
        if method == "POST" and path == runs:
            run_id = body["dag_run_id"]
            if run_id in self.runs:
                return 409, {}
            self.runs[run_id] = body
            return 200, {"dag_run_id": run_id}
        run_id = path.removeprefix(f"{runs}/")
        if run_id in self.runs:
            return 200, {"state": self.states.get(run_id, "queued")}
        return 404, {}


@contextmanager
def airflow_server() -> Iterator[Airflow]:
    """Serve such an Airflow for the block."""
    airflow = Airflow()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("content-length", 0))
            body = json.loads(self.rfile.read(length) or b"{}")
            token = self.headers.get("authorization")
            status, reply = airflow.answer(self.command, self.path, token, body)
            if airflow.hangs_up and self.command == "POST" and status == 200:
                self.close_connection = True
                return
            content = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    airflow.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield airflow
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
