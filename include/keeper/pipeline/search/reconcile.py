"""Comparing Elasticsearch with PostgreSQL day by day, and putting it right."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from elasticsearch import Elasticsearch

from keeper.domain.search.mirroring import DayOfLocale, is_mirrored
from keeper.errors import EventsRefusedError
from keeper.pipeline.search.mirrors import Mirror
from keeper.pipeline.search.past_retention import IsExpired
from keeper.stores.elasticsearch.bulk import (
    Document,
    Target,
    delete_documents,
    version_of,
    write_documents,
)
from keeper.stores.elasticsearch.day_sums import (
    StoredDocument,
    day_sums,
    documents_of_day,
    figures_of,
)
from keeper.stores.postgres.connection import Connection, statements
from keeper.stores.postgres.exclusive import exclusive

_LOG: Final = logging.getLogger(__name__)
_EXAMPLES: Final = 10
_ON_ITS_WAY: Final = timedelta(minutes=15)
_ALWAYS_DELETED: Final = 1_000
_LARGEST_SHARE: Final = 0.05


@dataclass(slots=True)
class Reconciled:
    """What a comparison found and mended.

    Attributes:
        mirror: What was compared.
        days: Days and locales compared.
        different: Those whose sums differed.
        missing: Documents PostgreSQL has and Elasticsearch had not.
        outdated: Documents that said something else than PostgreSQL.
        surplus: Documents of points or deals that PostgreSQL does not have.
        surplus_kept: Those of them that were left, being too many to delete unasked: all that are
            not past their retention, or none.
        in_motion: Documents passed over because they were checked a moment ago.
        refused: Documents that could not be mended: Elasticsearch will never take them.
        examples: The first of the different days, with what was wrong, for people.
    """

    mirror: str
    days: int = 0
    different: int = 0
    missing: int = 0
    outdated: int = 0
    surplus: int = 0
    surplus_kept: int = 0
    in_motion: int = 0
    refused: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> int:
        """How many documents were wrong."""
        return self.missing + self.outdated + self.surplus

    @property
    def refusal(self) -> str | None:
        """Why surplus was left, and what to do; None if none was."""
        if not self.surplus_kept:
            return None
        return (
            f"Elasticsearch has {self.surplus_kept:,} documents of {self.mirror} that PostgreSQL "
            "has not, too many to delete unasked. If PostgreSQL has lost them, restore it or "
            "replay the lake (keeper lake replay); if they shall go: "
            f"keeper search reconcile {self.mirror} --delete-surplus"
        )


def reconcile(
    connection: Connection,
    client: Elasticsearch,
    mirror: Mirror,
    *,
    at: datetime,
    run_id: str | None = None,
    since: date | None = None,
    dry_run: bool = False,
    delete_surplus: bool = False,
    is_expired: IsExpired = lambda *_: False,
    progress: Callable[[float], None] = lambda share: None,
) -> Reconciled:
    """Bring Elasticsearch to what PostgreSQL has and return what was found.

    The sums of every day and locale are compared; only days that differ are read. Running it again
    finds nothing. What was found is a row of `reconciliations`. Call it when the loaders and
    indexers have read what was published: what PostgreSQL does not have yet would be deleted; see
    wait_for_workers.

    After a loss in PostgreSQL the documents are the last copy. So a surplus of more than 1,000
    documents, and of more than 5 percent of the documents compared, stays unless `delete_surplus`
    says otherwise; all else is put right. What is past its retention does not count.

    Args:
        connection: PostgreSQL.
        client: Elasticsearch.
        mirror: What is compared.
        at: Now; what was checked within the quarter of an hour before is passed over.
        run_id: The run that asks for it, if any.
        since: Compare this day and later ones only.
        dry_run: Change nothing.
        delete_surplus: Delete what PostgreSQL does not have, however much it is.
        is_expired: Says of a document whether it is past its retention; such ones are deleted
            however many they are; see expired_in.
        progress: Receives the share of the different days that is done, 0 to 1.

    Raises:
        AlreadyRunningError: Another process does the same.
        TransientError: A store does not answer.
    """
    with exclusive(connection, f"reconciling the search of {mirror.name}"):
        ours = mirror.contents.day_sums(connection, since=since)
        theirs = day_sums(client, mirror.alias, mirror.figures, since=since)
        every = sorted(ours.keys() | theirs.keys())
        days = [day for day in every if not is_mirrored(ours.get(day), theirs.get(day))]
        found = Reconciled(mirror.name, days=len(every), different=len(days))
        with_surplus, expired = [], 0
        for number, day in enumerate(days, start=1):
            wrong = _compare_day(connection, client, mirror, day, at - _ON_ITS_WAY, is_expired)
            _count(found, day, wrong)
            expired += len(wrong.expired)
            if wrong.surplus:
                with_surplus.append(day)
            if not dry_run:
                found.refused += _write(client, mirror, wrong)
            progress(number / len(days))
        compared = sum(sums.number for sums in theirs.values())
        lost = found.surplus - expired
        if not delete_surplus and lost > max(_ALWAYS_DELETED, _LARGEST_SHARE * compared):
            found.surplus_kept = lost
        # Compared again, for nobody holds the names of millions of documents meanwhile.
        for day in () if dry_run else with_surplus:
            wrong = _compare_day(connection, client, mirror, day, at - _ON_ITS_WAY, is_expired)
            gone = wrong.expired if found.surplus_kept else wrong.surplus
            delete_documents(client, Target(mirror.alias), gone)
        row = {**asdict(found), "run_id": run_id, "compared_at": at, "is_dry_run": dry_run}
        connection.execute(statements("reconciliations")["record"], row)
    if found.wrong:
        _LOG.warning("%s", found)
    return found


@dataclass(frozen=True, slots=True)
class _Wrong:
    """What is to be written and deleted of a day; of what is surplus some is past its retention."""

    missing: Sequence[Document]
    outdated: Sequence[Document]
    surplus: dict[str, int]
    expired: dict[str, int]
    in_motion: int


def _compare_day(
    connection: Connection,
    client: Elasticsearch,
    mirror: Mirror,
    day: DayOfLocale,
    unchanged_since: datetime,
    is_expired: IsExpired,
) -> _Wrong:
    # Elasticsearch first: what is written in between is in PostgreSQL's answer and not the other
    # way round, so that nothing new is taken for surplus.
    theirs = documents_of_day(client, mirror.alias, day, mirror.figures)
    limit = version_of(unchanged_since)
    missing, outdated = [], []
    in_motion = 0
    for event in mirror.contents.of_day(connection, day):
        document = mirror.contents.document(event)
        stored = theirs.pop(document.id, None)
        if stored is not None and _matches(stored, document, mirror.figures):
            continue
        if document.version >= limit or (stored is not None and stored.checked_ms >= limit):
            in_motion += 1
        elif stored is None:
            missing.append(document)
        else:
            # PostgreSQL is right, also where the document is of a later check.
            version = max(document.version, stored.version)
            outdated.append(document._replace(version=version))
    surplus = {name: stored.version for name, stored in theirs.items() if stored.checked_ms < limit}
    expired = {name: surplus[name] for name in surplus if is_expired(day, theirs[name])}
    return _Wrong(missing, outdated, surplus, expired, in_motion + len(theirs) - len(surplus))


def _matches(stored: StoredDocument, document: Document, figures: Sequence[str]) -> bool:
    """Return whether Elasticsearch has what PostgreSQL has, of that check or of a later one."""
    return stored.checked_ms >= document.version and stored.figures == figures_of(
        document.fields, figures
    )


def _count(found: Reconciled, day: DayOfLocale, wrong: _Wrong) -> None:
    counts = {
        "missing": len(wrong.missing),
        "outdated": len(wrong.outdated),
        "surplus": len(wrong.surplus),
    }
    found.missing += counts["missing"]
    found.outdated += counts["outdated"]
    found.surplus += counts["surplus"]
    found.in_motion += wrong.in_motion
    if any(counts.values()) and len(found.examples) < _EXAMPLES:
        counted = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
        found.examples.append(f"{day.day} {day.domain}: {counted}")


def _write(client: Elasticsearch, mirror: Mirror, wrong: _Wrong) -> int:
    """Write what is missing or outdated, and return how many documents were refused."""
    try:
        write_documents(client, Target(mirror.alias), [*wrong.missing, *wrong.outdated])
    except EventsRefusedError as error:
        _LOG.warning("%s", error)
        return len(error.reasons)
    return 0
