"""The order of a restore, and its report: each step, what it did, and how long it took.

Every step may be interrupted: the same command goes on where the restore was. PostgreSQL comes
first and alone; nothing that sends or deletes runs before what it would do twice is put right.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from keeper.clock import Clock, utc_now
from keeper.errors import TerminalError
from keeper.pipeline.backups.choose import Choice, moment_text
from keeper.pipeline.backups.make import airflow_config
from keeper.pipeline.backups.manifest import Kind
from keeper.pipeline.backups.replies import copy_replies, missing_replies
from keeper.pipeline.backups.secrets import settings_now
from keeper.pipeline.restores import past, streams
from keeper.pipeline.restores.database import Place, restore_config, restore_postgres
from keeper.pipeline.restores.progress import (
    Progress,
    newest_moment,
    progress_of,
    save_progress,
)
from keeper.pipeline.restores.search import compare_all, rebuild_all
from keeper.pipeline.restores.writers import require_no_writers, require_unused
from keeper.pipeline.services.configuration import lake, postgres_config
from keeper.settings import Settings
from keeper.stores.postgres.backups.dumps import rows_of
from keeper.stores.postgres.connection import Connection, session
from keeper.stores.postgres.migrations import known_migrations, migrate

_FIRST: Final = ("writers", "settings", "postgres")
"""What is looked at every time, since there is no database to remember it in."""


class FinishedError(TerminalError):
    """The same restore was finished before: this installation may have moved on since."""


class NewerBackupError(TerminalError):
    """The backup is of a newer Keeper, whose tables this one does not know."""


@dataclass(frozen=True, slots=True)
class StepReport:
    """A step: its number of how many, what it did, and in how many seconds."""

    number: int
    of: int
    name: str
    said: str
    seconds: float


@dataclass(slots=True)
class Restore:
    """A restore of one installation.

    Attributes:
        settings: Of the installation that is restored.
        choice: What is restored.
        place: Where PostgreSQL's data goes.
        replays: Whether what was published after the moment is loaded again.
        clock: The time.
        warnings: What an operator has to look at, a sentence each.
    """

    settings: Settings
    choice: Choice
    place: Place
    replays: bool = True
    clock: Clock = utc_now
    warnings: list[str] = field(default_factory=list)

    def steps(self) -> dict[str, Callable[[], str]]:
        """Return the steps by name, in their order."""
        after = {
            "kafka": self._rewind,
            "load": self._load,
            # What the messages read again have raised was raised, and sent, before.
            "messages of the replay": self._cancel_messages,
            "search": self._rebuild_search,
            "compare": self._compare,
        }
        # Of other names: a later command may still replay, and what follows from it is due again.
        without = {
            "kafka at its end": self._leave_kafka,
            "search of the moment": self._rebuild_search,
            "compare the moment": self._compare,
        }
        return {
            "writers": self._require_no_writers,
            "settings": self._compare_settings,
            "postgres": self._restore_postgres,
            "tables": self._migrate,
            "numbers": self._move_identities,
            "access": self._end_access,
            "runs": self._end_under_way,
            "messages": self._cancel_messages,
            "replies": self._copy_replies,
            **(after if self.replays else without),
        }

    def run(self) -> Iterator[StepReport]:
        """Do what is left to do, and yield what each step did; ends with the last.

        Raises:
            FinishedError: Nothing is left to do.
        KeeperError: A step failed; the same command goes on with it.
        """
        steps = self.steps()
        for number, (name, do) in enumerate(steps.items(), start=1):
            began = time.monotonic()
            if name in _FIRST:
                said = do()
            elif name in self._progress().done:
                said = "done before"
            else:
                with self._session() as connection:
                    require_unused(connection)
                said = do()
                with self._session() as connection:
                    finished_at = self.clock() if number == len(steps) else None
                    progress = self._progress().with_done(name, finished_at=finished_at)
                    save_progress(connection, progress)
            yield StepReport(number, len(steps), name, said, time.monotonic() - began)

    def _require_no_writers(self) -> str:
        airflow = airflow_config(self.settings)
        databases = [postgres_config(self.settings), *([airflow] if airflow else [])]
        run_dir = Path(self.settings.folders.run_dir)
        require_no_writers([restore_config(one) for one in databases], run_dir)
        return "nothing writes"

    def _compare_settings(self) -> str:
        manifest = self.choice.manifest
        newer = sorted(set(manifest.postgres.migrations) - set(known_migrations()))
        if newer:
            raise NewerBackupError(
                f"backup {manifest.name} has the migration {newer[-1]}, which this Keeper does not "
                f"know; restore it with Keeper {manifest.keeper} or newer"
            )
        missing = sorted(set(manifest.settings) - settings_now().keys())
        if missing:
            self.warnings.append(
                f"set where the backup was made, and not here: {', '.join(missing)}. Without the "
                "former KEEPER_LINK_SECRET links in mails do not work, and without Airflow's "
                "Fernet key its connections cannot be read"
            )
        if manifest.secrets is None:
            return "their values are not in the backup"
        return f"their values are encrypted in {self.choice.path / manifest.secrets}"

    def _restore_postgres(self) -> str:
        said = restore_postgres(self.settings, self.choice, self.place, at=self.clock())
        self._require_unfinished()
        with self._session() as connection:
            if progress_of(connection, self.choice.mark) is None:
                save_progress(connection, Progress(self.choice.mark, self.clock()))
            rows = self.choice.manifest.postgres.rows
            if rows and len(self._progress().done) <= 1 and rows_of(connection) != rows:
                raise TerminalError("the tables do not hold the rows that the backup counted")
        return f"{said}; it stands at {moment_text(self.choice.moment)}"

    def _require_unfinished(self) -> None:
        progress = self._progress()
        if progress.finished_at is not None and list(self.steps())[-1] in progress.done:
            again = (
                "move PostgreSQL's data away first"
                if self.choice.manifest.kind is Kind.BASE
                else "empty the database first, or drop its tables with --replace"
            )
            raise FinishedError(
                f"this restore was finished at {moment_text(progress.finished_at)}, and what was "
                f"written since would stay: to restore once more, {again}"
            )

    def _migrate(self) -> str:
        made = migrate(restore_config(postgres_config(self.settings)))
        return f"migrated: {', '.join(made)}" if made else "of this version"

    def _move_identities(self) -> str:
        with self._session() as connection:
            return f"{past.move_identities(connection)} sequences moved on by a million"

    def _end_access(self) -> str:
        with self._session() as connection:
            ended = past.end_access(connection, self.clock())
        return (
            f"{ended.sessions} sessions ended, {ended.tokens} API tokens revoked, {ended.links} "
            f"links to sign in used up, {ended.accounts} Telegram accounts unlinked: which of them "
            "ended after the moment nobody knows"
        )

    def _end_under_way(self) -> str:
        now = self.clock()
        with self._session() as connection:
            ended = past.end_under_way(connection, now)
            since = newest_moment(connection, self.choice.moment)
            past.skip_reports(connection, since=since, at=now, mark=self.choice.mark)
        said = f"{ended.runs} runs and {ended.requests} requests of the API ended"
        airflow = airflow_config(self.settings)
        if airflow is None or not self._has_airflow():
            return said
        with session(restore_config(airflow)) as connection:
            require_unused(connection)
            runs, paused = past.end_airflows_runs(connection, now)
        self.warnings.append(
            f"{', '.join(past.PAUSED)} are paused in Airflow: unpause them last, when prices are "
            "right"
        )
        return f"{said}, {runs} runs of Airflow's, {paused} DAGs paused"

    def _has_airflow(self) -> bool:
        databases = self.choice.manifest.postgres.databases
        return any(name.lower() == "airflow" for name in databases)

    def _cancel_messages(self) -> str:
        with self._session() as connection:
            cancelled = past.cancel_messages(connection, self.clock())
        return f"{cancelled} messages that waited are cancelled: they may have been sent"

    def _copy_replies(self) -> str:
        copied = copy_replies(self.choice.place.replies(), lake(self.settings))
        with self._session() as connection:
            missing = missing_replies(connection, lake(self.settings))
        self.warnings += [f"paid for and lost: {sentence}" for sentence in missing]
        return f"{copied.replies:,} in the lake, {copied.files:,} files copied"

    def _rewind(self) -> str:
        moment = self._moment()
        rewound = streams.rewind_groups(self.settings, self.choice.manifest, moment=moment)
        said = f"{rewound.messages:,} messages are read again"
        if rewound.is_whole:
            return said
        return streams.replay_lake(self.settings, since=moment, at=self.clock())

    def _leave_kafka(self) -> str:
        unread = streams.skip_unread(self.settings)
        self.warnings.append(
            "nothing is known of alerts that were raised after the moment: a product whose price "
            "is still below its target may alert once more"
        )
        return f"nothing that came after the moment is loaded; {unread:,} unread messages skipped"

    def _load(self) -> str:
        handled = streams.load_all(self.settings)
        streams.roll_up_days(self.settings, at=self.clock())
        return f"{handled:,} messages loaded"

    def _moment(self) -> datetime:
        """Return up to when PostgreSQL certainly has what was published."""
        with self._session() as connection:
            return min(self.choice.moment, newest_moment(connection, self.choice.moment))

    def _rebuild_search(self) -> str:
        with self._session() as connection:
            return rebuild_all(self.settings, connection, at=self.clock())

    def _compare(self) -> str:
        with self._session() as connection:
            different = compare_all(self.settings, connection, at=self.clock())
        self.warnings += different
        return "; ".join(different) or "Elasticsearch has what PostgreSQL has"

    def _progress(self) -> Progress:
        with self._session() as connection:
            found = progress_of(connection, self.choice.mark)
        return found or Progress(self.choice.mark, self.clock())

    def _session(self) -> AbstractContextManager[Connection]:
        return session(restore_config(postgres_config(self.settings)))
