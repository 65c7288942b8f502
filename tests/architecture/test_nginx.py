"""nginx, the server's only door: whom it answers, and what no path may reach."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = (ROOT / "docker/nginx/nginx.conf").read_text("utf-8")
# Of each server all that is in it, and of a location likewise.
SERVERS = re.findall(r"^    server \{(.*?)^    \}", CONFIGURATION, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(
    ("path", "climbs"),
    [
        ("/execution/variables/..%2f..%2fx", True),
        ("/%65xecution/variables/%2e%2e/%2E%2E%2fx", True),
        ("/execution/..%2fauth/token", True),
        ("/a/.%2e", True),
        ("/x%2f..%2fy?z", True),
        ("/./dags", True),
        ("/dags/track_prices/runs/scheduled__2026-11-30T06:00:00+00:00", False),
        ("/api/v2/variables/a%2Fb", False),
        ("/dags?order=../../x", False),
        ("/app/assets/index..js", False),
        ("/.well-known/x", False),
    ],
)
def test_a_path_that_climbs_is_known_before_a_location_is_chosen(path: str, climbs: bool) -> None:
    block = re.search(r"map \$request_uri \$climbs \{(.*?)\n    \}", CONFIGURATION, re.DOTALL)
    assert block is not None
    (pattern,) = re.findall(r'"~\*(.*)" 1;', block[1])

    assert bool(re.search(pattern, path, re.IGNORECASE)) is climbs
    (main,) = [server for server in SERVERS if "location /execution" in server]
    assert main.index("if ($climbs) {\n            return 404;") < main.index("location")


def test_only_the_name_of_the_public_address_is_answered() -> None:
    strangers, plain, main = SERVERS

    for listen in ("listen 8080 default_server;", "listen 8443 ssl default_server;"):
        assert listen in strangers
        assert CONFIGURATION.count(listen) == 1
    assert "return 421;" in strangers
    assert "proxy_pass" not in strangers
    for server in (plain, main):
        assert "include /tmp/server_name.conf;" in server


def test_passwords_are_guessed_slowly() -> None:
    for path in ("/auth/token", "/auth/login", "/kibana/internal/security/login"):
        (found,) = re.findall(rf"location {path} \{{(.*?)\}}", CONFIGURATION, re.DOTALL)
        assert "limit_req zone=login burst=10 nodelay;" in found


def test_rules_of_access_count_wherever_airflow_or_kibana_answers() -> None:
    locations = re.findall(
        r"^        location .*?^        \}", SERVERS[-1], re.DOTALL | re.MULTILINE
    )
    guarded = [one for one in locations if "$airflow" in one or "$kibana" in one]

    assert len(guarded) == 5
    for location in guarded:
        assert "include /etc/nginx/access.conf;" in location


def test_no_two_kinds_of_memory_share_a_name() -> None:
    # nginx does not start then: "already declared for a different use".
    names = re.findall(
        r"^ *(?:limit_req_zone|limit_conn_zone|proxy_cache_path|ssl_session_cache) .*?"
        r"(?:zone=|shared:)(\w+):",
        CONFIGURATION,
        re.MULTILINE,
    )

    assert len(names) >= 7
    assert len(set(names)) == len(names)
    used = re.findall(r"(?:limit_req zone=|limit_conn |proxy_cache )(\w+)", CONFIGURATION)
    assert set(used) <= set(names)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://keeper.example.org", "keeper.example.org"),
        ("https://keeper.example.org:8443/somewhere", "keeper.example.org"),
        ("https://127.77.0.1", "127.77.0.1"),
        ("https://[fd00::1]:443", "[fd00::1]"),
        ("https://a;b", None),
        ("https://$host", None),
        ("https:///path", None),
        ("", None),
    ],
)
def test_the_servers_name_is_the_public_addresss(
    url: str, name: str | None, tmp_path: Path
) -> None:
    written = tmp_path / "server_name.conf"
    nginx = tmp_path / "nginx"
    nginx.write_text("#!/bin/sh\necho started\n")
    nginx.chmod(0o700)
    script = (ROOT / "docker/nginx/start.sh").read_text("utf-8")
    assert script.count("/tmp/server_name.conf") == 1

    done = subprocess.run(
        ["sh", "-c", script.replace("/tmp/server_name.conf", str(written))],
        env={"KEEPER_PUBLIC_URL": url, "PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode == 0) is (name is not None), done.stderr
    if name is None:
        assert "KEEPER_PUBLIC_URL must look like" in done.stderr
        assert not written.exists()
    else:
        assert done.stdout == "started\n"
        assert written.read_text() == f'server_name "{name}";\n'
