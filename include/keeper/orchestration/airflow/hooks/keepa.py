"""What is behind the connection type `keepa`."""

from dataclasses import replace
from typing import Any, Final

from airflow.sdk import BaseHook

from keeper.errors import KeeperError, SettingsError
from keeper.orchestration.airflow.connections import KEEPA_CONN, keepa_config
from keeper.pipeline.services.names import ANSWER_WITHIN_S

_WHERE: Final = "asked as this connection says: see its Base URL and API key"


class KeepaHook(BaseHook):
    """Tests a connection to Keepa or its simulator.

    It gives no client: tasks get theirs from keepa_tasks.py, which enters each request in the token
    ledger.
    """

    conn_name_attr = "keepa_conn_id"
    default_conn_name = KEEPA_CONN
    conn_type = "keepa"
    hook_name = "Keepa"

    def __init__(self, keepa_conn_id: str = KEEPA_CONN, **kwargs: Any) -> None:
        """Prepare; nothing is read or asked yet."""
        super().__init__(**kwargs)
        self.keepa_conn_id = keepa_conn_id

    def test_connection(self) -> tuple[bool, str]:
        """Ask once for the balance, which costs no token; blocks for ten seconds at most.

        Returns:
            Whether Keepa answers and takes the key, and a sentence for people that never has it.
        """
        from keeper.pipeline.services.probes import probe_keepa

        try:
            config = keepa_config(self.get_connection(self.keepa_conn_id))
            answer = probe_keepa(replace(config, timeout_s=ANSWER_WITHIN_S, max_attempts=1))
        except SettingsError as error:
            return False, str(error)
        except KeeperError as error:
            return False, f"{error} ({_WHERE})"
        return True, answer
