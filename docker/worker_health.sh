#!/bin/sh
# Asks one of Celery's workers by its name, through the broker, whether it works.
exec celery --quiet --app airflow.providers.celery.executors.celery_executor.app \
    inspect ping --destination "$1@$(hostname)" --timeout 20 >/dev/null
