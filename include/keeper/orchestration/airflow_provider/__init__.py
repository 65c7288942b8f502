"""What Airflow knows of Keeper as one of its providers: its connection types and their forms.

Every process of Airflow that looks for providers reads this, so it imports nothing; a hook's class
is imported when one of its connections is used or tested.
"""

from typing import Any


def provider_info() -> dict[str, Any]:
    """Return what the entry point `apache_airflow_provider` promises; called by Airflow."""
    return {
        "package-name": "keeper",
        "name": "Keeper",
        "description": "Connections to Keepa and to the Elasticsearch that Keeper writes to",
        "connection-types": [_KEEPA, _ELASTICSEARCH],
    }


_KEEPA = {
    "connection-type": "keepa",
    "hook-class-name": "keeper.orchestration.airflow.hooks.keepa.KeepaHook",
    "hook-name": "Keepa",
    "ui-field-behaviour": {
        "hidden-fields": ["schema", "login", "port"],
        "relabeling": {"host": "Base URL", "password": "API key"},
        "placeholders": {"host": "https://api.keepa.com, or the simulator's address"},
    },
    "conn-fields": {
        "source": {
            "label": "Source",
            "description": "What the prices are marked as. If left empty, the API key says which.",
            "schema": {"type": ["string", "null"], "enum": ["keepa", "simulator"]},
        },
        "timeout_s": {
            "label": "Timeout",
            "description": "Seconds that one attempt may take; 60 if left empty.",
            "schema": {"type": ["number", "null"], "exclusiveMinimum": 0},
        },
    },
}
_ELASTICSEARCH = {
    "connection-type": "keeper_elasticsearch",
    "hook-class-name": "keeper.orchestration.airflow.hooks.elasticsearch.ElasticsearchHook",
    "hook-name": "Elasticsearch of Keeper",
    "ui-field-behaviour": {
        "hidden-fields": [],
        "relabeling": {"schema": "Protocol"},
        "placeholders": {"host": "elasticsearch", "port": "9200", "schema": "http or https"},
    },
}
