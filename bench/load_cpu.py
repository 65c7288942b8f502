"""What loading costs in processor time, and what the notifications of changes add to it."""

from pathlib import Path
from statistics import median
from typing import Final

from bench.fresh import fresh_topic
from bench.load_vs_copy import SERIES, Where, publish, watched_database
from bench.loader_process import load
from bench.registry import Run, Values, benchmark
from keeper.stores.postgres.connection import Connection, session
from keeper.streams.config import KafkaConfig

_TICKS_A_SECOND: Final = 100
_TRIGGERS: Final = """
SELECT DISTINCT tgrelid::regclass::text AS table_name FROM pg_trigger
WHERE tgname LIKE 'changes_%' AND tgparentid = 0
"""


@benchmark
def load_cpu(run: Run) -> Values:
    """Processor time of the loader and of PostgreSQL for a million events, triggers on and off."""
    environment = run.stack.environment("postgres", "kafka")
    kafka = KafkaConfig(environment["KAFKA_BOOTSTRAP_SERVERS"])
    count, series = run.size(250_000, 5_000), run.size(SERIES, 500)
    with fresh_topic(kafka) as topic:
        publish(kafka, topic, count, series=series)
        where = Where(kafka, topic, environment["DATABASE_URL"], series)
        pairs = []
        for number in range(run.rounds):
            order = (True, False) if number % 2 else (False, True)
            found = {are_on: _load(where, count, are_on=are_on) for are_on in order}
            pairs.append((found[True], found[False]))
            run.say(
                f"pair {number + 1}: loader {found[True][0]:.2f} s with triggers and "
                f"{found[False][0]:.2f} s without; with PostgreSQL {sum(found[True]):.2f} s and "
                f"{sum(found[False]):.2f} s"
            )
    shares = sorted(100 * (on[0] / off[0] - 1) for on, off in pairs)
    both = sorted(100 * (sum(on) / sum(off) - 1) for on, off in pairs)
    run.say(f"the triggers add {shares[0]:.1f} to {shares[-1]:.1f} % to the loader's")
    run.say(f"and {both[0]:.1f} to {both[-1]:.1f} % to both")
    million = 1_000_000 / count
    return {
        "load_cpu_s_per_million": median(on[0] for on, _ in pairs) * million,
        "load_cpu_with_postgres_s_per_million": median(sum(on) for on, _ in pairs) * million,
        "load_triggers_add_percent": median(shares),
        "load_triggers_add_with_postgres_percent": median(both),
    }


def _load(where: Where, count: int, *, are_on: bool) -> tuple[float, float]:
    """Return the processor time of the loader and of PostgreSQL, in seconds."""
    with watched_database(where.url, where.series) as database, session(database) as connection:
        if not are_on:
            _switch_off(connection)
        before = _server_cpu_s(connection)
        (loaded,) = load(where.job(database))
        spent = _server_cpu_s(connection) - before
    assert loaded.messages == count
    return loaded.cpu_s, spent


def _switch_off(connection: Connection) -> None:
    for row in connection.execute(_TRIGGERS).fetchall():
        statement = f"ALTER TABLE {row['table_name']} DISABLE TRIGGER USER"
        connection.execute(statement.encode())


def _server_cpu_s(connection: Connection) -> float:
    """Return the processor time of all of PostgreSQL's processes, those that have ended too."""
    row = connection.execute("SELECT pg_backend_pid() AS pid").fetchone()
    assert row is not None
    postmaster = _stat(row["pid"])[1]
    ticks = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            _, parent, own, ended = _stat(int(folder.name))
        except OSError:
            continue
        if int(folder.name) == postmaster:
            ticks += own + ended
        elif parent == postmaster:
            ticks += own
    return ticks / _TICKS_A_SECOND


def _stat(pid: int) -> tuple[int, int, int, int]:
    """Return a process's id and parent, and the ticks of it and of its ended children."""
    text = Path(f"/proc/{pid}/stat").read_text("utf-8")
    fields = text.rpartition(")")[2].split()
    times = [int(one) for one in fields[11:15]]
    return pid, int(fields[1]), times[0] + times[1], times[2] + times[3]
