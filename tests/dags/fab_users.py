"""Makes users of Airflow's FAB auth manager: `python fab_users.py USERS`.

USERS is a JSON object of names and lists of a role and a password.
"""

import json
import sys

from airflow.providers.fab.auth_manager.cli_commands.utils import (  # type: ignore[import-not-found]  # the extra `fab`
    get_application_builder,
)

with get_application_builder() as builder:
    manager = builder.sm
    manager.sync_roles()
    for name, (role, password) in json.loads(sys.argv[1]).items():
        mail = f"{name}@example.org"
        made = manager.add_user(name, name, name, mail, manager.find_role(role), password)
        assert made, name
