"""Gives Elasticsearch the users of docker-compose.prod.yaml: Keeper's, and Kibana's password.

Keeper's user may make index templates and do everything to Keeper's own indices, nothing else.
Running it again sets the passwords to what the secrets say. Standard library only.
"""

import base64
import json
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

SECRETS = Path("/run/secrets")
ROLE = {
    "cluster": ["monitor", "manage_index_templates"],
    "indices": [{"names": ["keeper-*"], "privileges": ["all"]}],
}
_TIMEOUT_S = 60


def make_users(url: str, secrets: Path = SECRETS) -> None:
    """Make the role and the users.

    Raises:
        HTTPError: Elasticsearch refuses; 401 when `elasticsearch_password` is not the one it began
            with.
    """
    _ask(url, "PUT", "/_security/role/keeper", ROLE, secrets)
    keeper = {"password": _secret(secrets, "keeper_elasticsearch_password"), "roles": ["keeper"]}
    _ask(url, "PUT", "/_security/user/keeper", keeper, secrets)
    kibana = {"password": _secret(secrets, "kibana_password")}
    _ask(url, "POST", "/_security/user/kibana_system/_password", kibana, secrets)


def _ask(url: str, method: str, path: str, body: object, secrets: Path) -> None:
    login = f"elastic:{_secret(secrets, 'elasticsearch_password')}".encode()
    headers = {
        "Authorization": f"Basic {base64.b64encode(login).decode()}",
        "Content-Type": "application/json",
    }
    data = json.dumps(body).encode()
    request = Request(url + path, data, headers, method=method)  # noqa: S310 - the compose file's
    build_opener(ProxyHandler({})).open(request, timeout=_TIMEOUT_S).read()


def _secret(secrets: Path, name: str) -> str:
    return (secrets / name).read_text("utf-8").strip()


if __name__ == "__main__":
    try:
        make_users(sys.argv[1])
    except HTTPError as error:
        sys.exit(f"Elasticsearch answers {error.code}: {error.read()[:500]!r}")
