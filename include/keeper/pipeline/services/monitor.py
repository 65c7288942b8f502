"""What an operator should know before a reader notices: tokens, prices, messages, lag, disks.

Whoever looks gives the zone of the operator's clock: times in a notice are its reader's.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Final

from keeper.alerts.formats import moment
from keeper.domain.messages.notices import Finding, Trouble
from keeper.domain.prices.age import stale_after
from keeper.domain.prices.detail import Detail
from keeper.domain.tokens.candidates import RequestPolicy
from keeper.pipeline.services.clocks import MOST_APART, apart
from keeper.pipeline.services.groups import let_go_on, remedy_of
from keeper.pipeline.services.monitor_backups import monitor_backups, monitor_log
from keeper.pipeline.storage.disks import TOPIC as DISKS
from keeper.pipeline.storage.disks import disks_of, folders_of, short_of_space
from keeper.settings import Settings
from keeper.stores.postgres.connection import Connection
from keeper.stores.postgres.messages.notices import raise_notice, resolve_notices
from keeper.stores.postgres.messages.outbox import overdue
from keeper.stores.postgres.runs.clocks import clock_readings, series_of_the_future
from keeper.stores.postgres.runs.operations import Staleness, latest_price_run, staleness
from keeper.streams.config import KafkaConfig
from keeper.streams.dead_letters.box import DeadLetterBox
from keeper.streams.groups.offsets import standings
from keeper.streams.groups.records import GroupRecords, Lost, Stop
from keeper.streams.topic_reader import TopicReader, published_at
from keeper.streams.topics import DATA_TOPICS
from keeper.streams.workers import LOADERS, READERS

LAG_LIMIT: Final = timedelta(minutes=15)
OUTBOX_LIMIT: Final = timedelta(minutes=15)
OUTBOX_AGE: Final = "outbox-age"
"""Of this the operator is not notified by the outbox alone."""
_LETTERS_OF: Final = timedelta(hours=24)
_MOST_LETTERS: Final = 1_000


def monitor_stores(
    connection: Connection,
    settings: Settings,
    *,
    at: datetime,
    zone: str,
    more: Iterable[Path] = (),
) -> list[Finding]:
    """Look for all that an operator should know of PostgreSQL's tables, backups and disks.

    Args:
        connection: Keeper's database.
        settings: After how long products are stale, where backups go, which folders there are.
        at: Now.
        zone: The operator's.
        more: Further folders whose disks are looked at.
    """
    return [
        monitor_tokens(connection, zone=zone),
        monitor_products(connection, policy=settings.runs.request_policy, at=at, zone=zone),
        monitor_clock(connection, at=at, zone=zone),
        monitor_outbox(connection, at=at, zone=zone),
        monitor_disks(settings, *more),
        monitor_backups(
            connection, is_wanted=settings.backups.folder is not None, at=at, zone=zone
        ),
        monitor_log(connection, at=at),
    ]


def monitor_streams(kafka: KafkaConfig, *, at: datetime, zone: str) -> Iterator[Finding]:
    """Look, as they are asked for, for all that an operator should know of Kafka's topics."""
    return chain(
        monitor_dead_letters(kafka, at=at),
        monitor_groups(kafka, at=at, zone=zone),
        monitor_lag(kafka, at=at, zone=zone),
    )


def staleness_at(
    connection: Connection, policy: RequestPolicy, at: datetime
) -> tuple[Staleness, timedelta]:
    """Return which products nobody has looked at within two intervals, and how long those are."""
    old_after = stale_after(policy.interval)
    offers_before = at - stale_after(policy.interval_of(Detail.OFFERS))
    return staleness(connection, at - old_after, offers_before, old_after), old_after


def monitor_tokens(connection: Connection, *, zone: str = "UTC") -> Finding:
    """Say whether the latest price run has tokens for all products that were due.

    It need not have ended: who waits is known once it is planned.
    """
    topic, run = "tokens", latest_price_run(connection)
    if run is None or not run.products_postponed:
        return Finding(topic, None)
    return _found(
        topic,
        f"tokens reach for {run.products_planned} products, {run.products_postponed} have to wait",
        f"Run {run.run_id}, started {moment(run.started_at, zone)}. Products wait for the "
        "next run in the order of their worth. See: keeper keepa plan\n"
        "To mend it: watch fewer products, check less often (KEEPER_CHECK_INTERVAL_H) or get a "
        "larger Keepa plan.",
    )


def monitor_products(
    connection: Connection,
    *,
    policy: RequestPolicy,
    at: datetime,
    zone: str = "UTC",
) -> Finding:
    """Say whether every watched product was looked at within two intervals, by Keepa itself too."""
    topic = "stale-products"
    found, old_after = staleness_at(connection, policy, at)
    stale = found.unchecked + found.unseen
    if not stale:
        return Finding(topic, None)
    details = []
    if found.oldest_check is not None:
        details.append(
            f"{found.unchecked} were not checked within two intervals; the oldest "
            f"check is of {moment(found.oldest_check, zone)}.\n"
            "See that track_prices is not paused, and how its latest runs ended."
        )
    if found.oldest_look is not None:
        details.append(
            f"{found.unseen} were checked, but Keepa itself had not looked at them for "
            f"{old_after.total_seconds() / 3600:g} hours or more; its oldest look is of "
            f"{moment(found.oldest_look, zone)}.\n"
            "See which they are: keeper watch list"
        )
    return _found(
        topic,
        f"{stale} of {found.watched} watched products are stale",
        "\n".join(details),
    )


def monitor_clock(connection: Connection, *, at: datetime, zone: str = "UTC") -> Finding:
    """Say whether this machine's clock and Keepa's are far apart, and what came of it."""
    topic = "clock"
    readings = clock_readings(connection, at - _LETTERS_OF)
    ahead = [one for one in readings if abs(one.ahead) > MOST_APART]
    future = series_of_the_future(connection, at + MOST_APART)
    if not ahead and not future:
        return Finding(topic, None)
    details = []
    if ahead:
        details.append(
            f"At {moment(ahead[0].read_at, zone)} by this machine's clock Keepa last replied, and "
            f"the clock was {apart(ahead[0].ahead)} Keepa's. Check this machine's clock; if it is "
            "right, Keepa's is wrong, and nothing is to be done."
        )
    if future:
        details.append(
            f"{future:,} price series were checked in the future. No price replaces theirs until "
            "then, and they raise no alert. To mend them, once the clock is right: "
            "keeper storage mend-clock"
        )
    return _found(topic, "a clock is wrong", "\n".join(details))


def monitor_outbox(connection: Connection, *, at: datetime, zone: str = "UTC") -> Finding:
    """Say whether a message that is due has waited for the deliverer for more than 15 minutes."""
    found = overdue(connection, at - OUTBOX_LIMIT)
    if found.oldest is None:
        return Finding(OUTBOX_AGE, None)
    last = (
        f"The last attempt by {found.kinds} that failed: {found.detail}\n" if found.detail else ""
    )
    return _found(
        OUTBOX_AGE,
        f"{found.messages:,} messages by {found.kinds} wait to be delivered",
        f"The oldest is due since {moment(found.oldest, zone)}.\n{last}"
        "See whether the deliverer runs: keeper health deliver, and its log.",
    )


def monitor_disks(settings: Settings, *more: Path) -> Finding:
    """Say whether the disks that Keeper's files are on have room left.

    Args:
        settings: The folders, and the least share that is free.
        more: Further folders.
    """
    disks = disks_of(folders_of(settings, *more))
    return Finding(DISKS, short_of_space(disks, settings.retention.least_free_percent))


def monitor_dead_letters(kafka: KafkaConfig, *, at: datetime) -> Iterator[Finding]:
    """Say of each topic whether messages of the last day lie among the dead letters."""
    for name in DATA_TOPICS:
        yield letters_of(kafka, name, at=at)


def letters_of(kafka: KafkaConfig, name: str, *, at: datetime) -> Finding:
    """Say whether messages of a topic became dead letters within a day and were not replayed."""
    topic = f"dead-letters:{name}"
    with (
        DeadLetterBox(kafka, name) as box,
        closing(box.letters(since=at - _LETTERS_OF, only_left=True)) as letters,
    ):
        found = list(islice(letters, _MOST_LETTERS))
    if not found:
        return Finding(topic, None)
    number = f"{_MOST_LETTERS:,} or more" if len(found) == _MOST_LETTERS else f"{len(found):,}"
    reason = found[-1].headers.get("reason", "unknown")[:200]
    return _found(
        topic,
        f"{number} dead letters of {name} in a day",
        f"One of the reasons: {reason}\n"
        f"See: keeper topics dlq list {name} --since 24h\n"
        f"Once the cause is mended: keeper topics dlq replay {name}",
    )


def monitor_lag(kafka: KafkaConfig, *, at: datetime, zone: str = "UTC") -> Iterator[Finding]:
    """Say of each worker whether a message has waited for it for more than 15 minutes."""
    for loader in LOADERS.values():
        yield lag_of(kafka, loader.group, loader.topic, at=at, zone=zone)


def lag_of(
    kafka: KafkaConfig, group: str, name: str, *, at: datetime, zone: str = "UTC"
) -> Finding:
    """Say whether a message of a topic has waited for a group for more than 15 minutes."""
    topic = f"lag:{group}"
    with TopicReader(kafka) as reader:
        stands = standings(kafka, group, name, reader.spans(name))
        waiting = sum(stand.unread for stand in stands)
        oldest = None
        for stand in (stand for stand in stands if stand.unread):
            start = max(stand.at or 0, stand.span.start)
            with closing(reader.read(name, {stand.span.partition: start})) as messages:
                first = next(messages, None)
            published = None if first is None else published_at(first)
            if published is not None and (oldest is None or published < oldest):
                oldest = published
    if oldest is None or at - oldest <= LAG_LIMIT:
        return Finding(topic, None)
    return _found(
        topic,
        f"{group} is behind by {waiting:,} messages of {name}",
        f"The oldest waits since {moment(oldest, zone)}.\n"
        "See whether its worker runs: keeper health, and its log.",
    )


def monitor_groups(kafka: KafkaConfig, *, at: datetime, zone: str = "UTC") -> Iterator[Finding]:
    """Say of each group whether it has stopped, and what it has lost within a day."""
    records = GroupRecords(kafka).read()
    for group, topic in READERS.items():
        about = [one for one in records if (one.group, one.topic) == (group, topic)]
        yield _stop_of(group, [one for one in about if isinstance(one, Stop)], zone)
        yield _losses_of(group, [one for one in about if isinstance(one, Lost)], at, zone)


def _stop_of(group: str, stops: list[Stop], zone: str) -> Finding:
    name = f"stopped:{group}"
    stop = next((one for one in stops if one.reason is not None), None)
    if stop is None:
        return Finding(name, None)
    return _found(
        name,
        f"{group} has stopped reading {stop.topic} at too many dead letters",
        f"Since {moment(stop.at, zone)}: {stop.reason}\n"
        f"See: keeper topics dlq list {stop.topic} --since 24h\n{let_go_on(group)}",
    )


def _losses_of(group: str, losses: list[Lost], at: datetime, zone: str) -> Finding:
    name = f"lost:{group}"
    fresh = [one for one in losses if at - one.at <= _LETTERS_OF]
    if not fresh:
        return Finding(name, None)
    whole = all(one.has_position for one in fresh)
    earliest = min(fresh, key=lambda loss: (loss.since is not None, loss.since or at))
    details = [
        f"Kafka's retention removed them before they were read; noticed "
        f"{moment(max(one.at for one in fresh), zone)}.",
        f"{remedy_of(earliest)}.",
        "See: keeper topics lag",
    ]
    if not whole:
        details.insert(
            1,
            "Kafka knows no position of the group: it is new, which is as it should be, or was "
            "away for so long that Kafka has forgotten it.",
        )
    return _found(
        name,
        f"{group} lost {'' if whole else 'up to '}{sum(one.messages for one in fresh):,} messages "
        f"of {fresh[0].topic}",
        "\n".join(details),
    )


def record_findings(
    connection: Connection, findings: Iterable[Finding], *, operator: str, at: datetime
) -> dict[str, list[str]]:
    """Raise a notice of each trouble and resolve those that are over.

    Args:
        connection: Where notices are.
        findings: What checks find; each is recorded before the next is asked for.
        operator: Whom to notify.
        at: Now.

    Returns:
        The topics that are in trouble, of which the operator was notified now, and that are over.
    """
    recorded: dict[str, list[str]] = {"trouble": [], "notified": [], "over": []}
    for finding in findings:
        if finding.trouble is None:
            recorded["over"] += resolve_notices(connection, finding.topic, at=at)
            continue
        recorded["trouble"].append(finding.topic)
        if raise_notice(connection, finding.trouble, operator=operator, at=at):
            recorded["notified"].append(finding.topic)
    return recorded


def _found(topic: str, subject: str, details: str) -> Finding:
    return Finding(topic, Trouble(topic, subject, details))
