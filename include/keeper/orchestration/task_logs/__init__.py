"""Airflow's task logs in Elasticsearch too, by KEEPER_TASK_LOGS.

Airflow reads this module because `[logging] logging_config_class` names LOGGING_CONFIG, which is
its own, and takes REMOTE_TASK_LOG beside it. Files stay what they are without: each is written
while its task runs, and shown as long as it is there. A copy goes to Elasticsearch each time a
process that wrote to it has ended.
"""

from pathlib import Path
from typing import Final

from airflow.config_templates.airflow_local_settings import BASE_LOG_FOLDER, DEFAULT_LOGGING_CONFIG

from keeper.orchestration.task_logs.copies import TaskLogs
from keeper.settings import load_settings

LOGGING_CONFIG: Final = DEFAULT_LOGGING_CONFIG
_IN_ELASTICSEARCH: Final = load_settings().airflow.task_logs == "elasticsearch"
REMOTE_TASK_LOG: Final = TaskLogs(Path(BASE_LOG_FOLDER)) if _IN_ELASTICSEARCH else None
# Airflow has it at hand when a task has ended, and nobody could ask for it any more.
DEFAULT_REMOTE_CONN_ID: Final = "keeper_elasticsearch" if _IN_ELASTICSEARCH else None
