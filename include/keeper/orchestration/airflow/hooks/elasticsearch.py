"""What is behind the connection type `keeper_elasticsearch`."""

from dataclasses import replace
from typing import Final

from airflow.providers.elasticsearch.hooks.elasticsearch import ElasticsearchSQLHook

from keeper.errors import KeeperError, SettingsError
from keeper.orchestration.airflow.connections import ELASTICSEARCH_CONN, elasticsearch_config
from keeper.pipeline.services.names import ANSWER_WITHIN_S

_WHERE: Final = "asked as this connection says: see its Protocol, Host, Port, Login and Password"


class ElasticsearchHook(ElasticsearchSQLHook):
    """The provider's hook, but for its test: that one asks by SQL.

    SQL is a module of Elasticsearch that Keeper does without and some installations lack. Where it
    is there, all that the provider's hook can do works here too.
    """

    default_conn_name = ELASTICSEARCH_CONN
    conn_type = "keeper_elasticsearch"
    hook_name = "Elasticsearch of Keeper"

    def get_uri(self) -> str:
        """Return the address as the provider spells it, whose name of the type is a dialect's."""
        _, _, rest = super().get_uri().partition("+")
        return f"{ElasticsearchSQLHook.conn_type}+{rest}"

    # The provider's stubs lack what it returns.
    def test_connection(self) -> tuple[bool, str]:  # type: ignore[override]
        """Ask for the cluster's health and Keeper's aliases; blocks for ten seconds a request.

        Returns:
            Whether Keeper can work with it, and a sentence for people that never has the password.
        """
        from keeper.pipeline.services.probes import probe_elasticsearch

        try:
            config = elasticsearch_config(self.connection)
            answer = probe_elasticsearch(replace(config, timeout_s=ANSWER_WITHIN_S))
        except SettingsError as error:
            return False, str(error)
        except KeeperError as error:
            return False, f"{error} ({_WHERE})"
        return True, answer
