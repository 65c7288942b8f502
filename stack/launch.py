"""Start one program: read its JSON file, become it. Supervisor runs this, never a person.

Configuration goes through a private JSON file because Supervisor's own `environment=` line cannot
carry every value and would put secrets into its configuration. Standard library only: it is
started with `-S -E` to cost milliseconds.
"""

import json
import os
import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# Taken from the user's environment these would lead a service astray.
_DROPPED = ("AIRFLOW", "KEEPER_", "KEEPA_", "PYTHON", "VIRTUAL_ENV", "SUPERVISOR_", "SMTP_", "ES_")
_BARE = ("PATH", "LANG", "LC_ALL", "TZ")


def environment_of(program: Mapping[str, Any], inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a program: what it may inherit, then its own variables."""
    if program["bare"]:
        base = {name: value for name, value in inherited.items() if name in _BARE}
    else:
        base = {name: v for name, v in inherited.items() if not name.startswith(_DROPPED)}
    own: dict[str, str] = program["env"]
    return base | own


def main(path: str) -> None:
    """Replace this process by the program described in `path`."""
    program = json.loads(Path(path).read_text(encoding="utf-8"))
    # Servers hold a file a partition, segment and connection open.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # What it writes is its user's alone: mails, logs, replies, data of servers.
    os.umask(0o077)
    os.chdir(program["directory"])
    argv = program["argv"]
    os.execvpe(argv[0], argv, environment_of(program, os.environ))  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1])
