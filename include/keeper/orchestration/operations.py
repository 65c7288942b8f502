"""Tasks that look for what an operator should know."""

from datetime import timedelta
from itertools import chain

from keeper.clock import utc_now
from keeper.orchestration.connections import database, kafka_config
from keeper.settings import load_settings


def check_database() -> dict[str, list[str]]:
    """Look for a want of tokens and for stale products; return what was noted, by topic."""
    from keeper.pipeline.services.monitor import check_products, check_tokens, note_findings

    settings, now = load_settings(), utc_now()
    interval = timedelta(hours=settings.runs.check_interval_h)
    with database() as connection:
        findings = [
            check_tokens(connection),
            check_products(connection, interval=interval, at=now),
        ]
        return note_findings(connection, findings, operator=settings.people.operator_email, at=now)


def check_kafka() -> dict[str, list[str]]:
    """Look for dead letters and for workers that are behind; return what was noted, by topic.

    What was found is noted also if Kafka then does not answer.
    """
    from keeper.pipeline.services.monitor import check_dead_letters, check_lag, note_findings

    kafka, now = kafka_config(), utc_now()
    findings = chain(check_dead_letters(kafka, at=now), check_lag(kafka, at=now))
    with database() as connection:
        operator = load_settings().people.operator_email
        return note_findings(connection, findings, operator=operator, at=now)
