"""`keeper topics`, as a person types it, on a real Kafka."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace

import msgspec
import pytest
from typer.testing import CliRunner, Result

from keeper.cli.app import app
from keeper.domain.prices.events import PriceEvent
from keeper.errors import KeeperError, TransientError
from keeper.settings import load_settings
from keeper.streams import workers
from keeper.streams.codec import decode_price_event, encode_price_event
from keeper.streams.config import KafkaConfig
from keeper.streams.consumers.batch import BatchPolicy
from keeper.streams.consumers.batch_consumer import BatchConsumer
from keeper.streams.groups.offsets import LiveGroupError, move_group
from keeper.streams.producer import EventProducer
from keeper.streams.topic_admin import PartitionsRefusedError
from keeper.streams.topic_reader import UnknownTopicError
from tests.price_events import price_event


@pytest.fixture(autouse=True)
def _settings(kafka: KafkaConfig, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap_servers)
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


@pytest.fixture
def group() -> str:
    return f"test-{uuid.uuid4().hex}"


@pytest.fixture
def publish(kafka: KafkaConfig, topic: str) -> Callable[..., None]:
    def send(*values: bytes | int, key: bytes | None = None) -> None:
        with EventProducer(kafka) as producer:
            for value in values:
                event = price_event(value) if isinstance(value, int) else None
                producer.send(
                    topic,
                    key or (event.asin.encode() if event else b"key"),
                    encode_price_event(event) if event else value,  # type: ignore[arg-type]  # bytes
                )

    return send


@pytest.fixture
def load(kafka: KafkaConfig, topic: str, group: str) -> Callable[[], list[int | None]]:
    """Read what is left as the group does, giving up what is no event; return the prices."""

    def run() -> list[int | None]:
        prices: list[int | None] = []

        def handle(events: list[PriceEvent]) -> None:
            prices.extend(event.price_minor for event in events)

        BatchConsumer(
            kafka,
            topic=topic,
            group=group,
            decode=decode_price_event,
            handle=handle,  # type: ignore[arg-type]  # a sequence
            policy=BatchPolicy(first_backoff_s=0.01),
        ).run(until_idle=True)
        return sorted(prices, key=lambda price: price or 0)

    return run


def keeper(*words: str, answer: str | None = None) -> Result:
    result = CliRunner().invoke(app, ["topics", *words], input=answer)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def cells(result: Result) -> list[list[str]]:
    """Return the cells of the printed tables, a list for each row."""
    assert result.exit_code == 0, result.output
    rows = [line for line in result.stdout.splitlines() if "│" in line]
    return [[cell.strip() for cell in row.strip("│").split("│")] for row in rows]


def test_topics_are_listed_and_described(topic: str, publish: Callable[..., None]) -> None:
    publish(100, 101, 102)

    assert [topic, "1", "3", ""] in cells(keeper("list"))
    described = keeper("describe", topic)
    assert sum(int(row[3]) for row in cells(described)) == 3
    assert "compression.type: zstd" in described.stdout


def test_a_misspelt_topic_is_said_with_the_likely_one(topic: str) -> None:
    for command in ("describe", "peek", "count"):
        with pytest.raises(UnknownTopicError, match=f"did you mean {topic}"):
            keeper(command, topic[:-1])


def test_the_newest_the_oldest_and_one_products_messages_are_shown(
    topic: str, publish: Callable[..., None]
) -> None:
    publish(*range(100, 130))
    publish(b"other", key=b"B00000000X")

    def prices(*words: str) -> list[int]:
        lines = keeper("peek", topic, "--json", *words).stdout.splitlines()
        return [msgspec.json.decode(line)["price_minor"] for line in lines if line != "other"]

    assert prices("--first", "3", "--key", "B000000001") == [100, 101, 102]
    assert prices("--last", "4") == [127, 128, 129]
    assert keeper("peek", topic, "--key", "B00000000X", "--json").stdout == "other\n"
    assert len(cells(keeper("peek", topic, "--last", "5"))) == 5


def test_messages_that_are_no_text_harm_no_terminal(
    topic: str, publish: Callable[..., None]
) -> None:
    publish(b"\xff\x1b[31m[bold]\n", key=b"\x00")

    ((_, _, key, value),) = cells(keeper("peek", topic))

    assert key == r"\x00"
    assert value == r"\xff\x1b[31m[bold]\n"


def test_messages_are_counted_also_between_the_markers_of_transactions(
    topic: str, publish: Callable[..., None], load: Callable[[], list[int | None]]
) -> None:
    publish(100, b"rubbish", 101)
    assert load() == [100, 101]

    assert keeper("count", topic).stdout == "3\n"
    assert keeper("count", f"{topic}.dlq").stdout == "1\n"
    assert keeper("count", topic, "--since", "1h").stdout == "3\n"
    assert keeper("count", topic, "--since", "2099-01-01").stdout == "0\n"


def test_the_lag_of_a_group_is_printed_and_may_fail_a_script(
    topic: str, group: str, publish: Callable[..., None], load: Callable[[], list[int | None]]
) -> None:
    publish(100, 101)
    load()
    publish(102, 103, 104)

    rows = cells(keeper("lag", group))
    assert sum(int(row[-1]) for row in rows) == 3
    assert {row[0] for row in rows} == {topic}
    assert "3 messages are unread" in keeper("lag", group).stdout
    assert keeper("lag", group, "--fail-above", "3").exit_code == 0
    assert keeper("lag", group, "--fail-above", "2").exit_code == 3
    assert "has read nothing" in keeper("lag", "nobody").stdout


def test_a_group_is_moved_back_after_it_was_asked(
    topic: str, group: str, publish: Callable[..., None], load: Callable[[], list[int | None]]
) -> None:
    publish(100, 101, 102)
    assert load() == [100, 101, 102]
    words = ("replay", group, "--topic", topic, "--since", "1h")

    assert "dry run" in keeper(*words, "--dry-run").stdout
    assert keeper(*words, answer="n\n").exit_code == 1
    assert load() == []

    assert "reads 3 messages" in keeper(*words, answer="y\n").stdout
    assert load() == [100, 101, 102]

    future = keeper("replay", group, "--topic", topic, "--since", "2099-01-01", "--yes")
    assert "has read nothing" in future.stdout
    assert load() == []


def test_a_group_whose_workers_run_is_not_moved(
    kafka: KafkaConfig, topic: str, group: str, publish: Callable[..., None]
) -> None:
    publish(100)

    def handle(_: object) -> None:
        try:
            # The first batch is not committed yet: nothing to move.
            assert "has read nothing" in keeper(*words).stdout
            publish(101)
        finally:
            live.stop()

    words = ("replay", group, "--topic", topic, "--since", "1h", "--yes")
    live = BatchConsumer(
        # The least that brokers allow.
        replace(kafka, session_timeout_ms=6_000),
        topic=topic,
        group=group,
        decode=decode_price_event,
        handle=handle,
        instance="a",
    )
    live.run()

    # Its name keeps its place in the group until the session ends.
    with pytest.raises(LiveGroupError, match="15 s"):
        keeper(*words, "--wait", "0")

    waited = keeper(*words).stdout
    assert "waiting up to 20 s" in waited
    assert "reads 1 messages" in waited


def test_dead_letters_are_listed_and_shown(
    topic: str, publish: Callable[..., None], load: Callable[[], list[int | None]]
) -> None:
    publish(b"rubbish", 100, b"\xff", edited(price_minor=-1), edited(price_minor=-2))
    load()

    listed = cells(keeper("dlq", "list", topic))
    letters = [row for row in listed if len(row) == 5]
    reasons = dict(row for row in listed if len(row) == 2)
    assert len(letters) == 4
    assert reasons["price_minor is -…"] == "2"
    assert len([r for r in cells(keeper("dlq", "list", topic, "--reason", "MINOR")) if r[2:]]) == 2

    (place,) = {row[1] for row in letters if "-2" in row[4]}
    shown = keeper("dlq", "show", topic, place).stdout
    assert "reason: price_minor is -2" in shown
    assert '"price_minor":-2' in shown
    assert keeper("dlq", "show", topic, "0:99").exit_code == 2
    assert keeper("dlq", "show", topic, "somewhere").exit_code == 2
    assert "no such dead letters" in keeper("dlq", "list", topic, "--since", "2099-01-01").stdout


def test_dead_letters_are_replayed_once(
    topic: str, publish: Callable[..., None], load: Callable[[], list[int | None]]
) -> None:
    publish(edited(schema_version=99), 100, b"rubbish")
    assert load() == [100]
    words = ("dlq", "replay", topic)

    assert "2 messages" in keeper(*words, "--dry-run").stdout
    assert keeper(*words, answer="n\n").exit_code == 1
    assert keeper("count", topic).stdout == "3\n"

    assert "2 messages" in keeper(*words, "--yes").stdout
    assert "no dead letters left" in keeper(*words, "--yes").stdout
    # The loader of today cannot take them either: they come back as new letters, once.
    assert load() == []
    assert keeper("count", f"{topic}.dlq").stdout == "4\n"
    assert "2 messages" in keeper(*words, "--dry-run").stdout


def test_after_a_replay_a_group_reaches_the_end(
    kafka: KafkaConfig,
    topic: str,
    group: str,
    publish: Callable[..., None],
    load: Callable[[], list[int | None]],
) -> None:
    publish(b"rubbish", 100)
    load()
    keeper("dlq", "replay", topic, "--yes")

    def lag() -> str:
        result = keeper("lag", group, "--fail-above", "0")
        return result.stdout if result.exit_code else ""

    load()
    assert lag() == ""

    # As a loader of before left it: the marker of the replay's transaction is all that is unread.
    move_group(kafka, group, topic, {0: 3})
    assert "1 messages are unread" in lag()
    load()
    assert lag() == ""


def test_a_single_dead_letter_is_replayed_as_often_as_asked(
    topic: str, publish: Callable[..., None], load: Callable[[], list[int | None]]
) -> None:
    publish(b"rubbish")
    load()
    ((_, place, *_), *_) = cells(keeper("dlq", "list", topic))

    for _ in range(2):
        assert "1 messages" in keeper("dlq", "replay", topic, place, "--yes").stdout

    assert "1 messages" in keeper("dlq", "replay", topic, "--dry-run").stdout
    load()
    assert keeper("count", f"{topic}.dlq").stdout == "3\n"


def test_without_kafka_every_command_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9")
    monkeypatch.setattr("keeper.streams.topic_reader._TIMEOUT_S", 1.0)
    load_settings.cache_clear()

    with pytest.raises(KeeperError, match="KAFKA_BOOTSTRAP_SERVERS"):
        keeper("list")


def edited(**fields: object) -> bytes:
    message = msgspec.json.decode(encode_price_event(price_event(1000)))
    return msgspec.json.encode(message | fields)


def test_a_topic_grows_and_no_topic_shrinks(
    topic: str, publish: Callable[..., None], kafka: KafkaConfig
) -> None:
    grown = keeper("grow", topic, "--partitions", "8")

    assert f"{topic} has 8 partitions, 7 more" in grown.stdout
    assert "already" in keeper("grow", topic, "--partitions", "8").stdout
    with pytest.raises(PartitionsRefusedError):
        keeper("grow", topic, "--partitions", "3")
    publish(1000)
    assert len(kafka.admin().list_topics(topic, timeout=10).topics[topic].partitions) == 8


def test_a_topic_with_unread_messages_does_not_grow(
    topic: str,
    group: str,
    publish: Callable[..., None],
    load: Callable[[], list[int | None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loader = replace(workers.LOADERS["index-prices"], group=group, topic=topic)
    monkeypatch.setattr(workers, "LOADERS", {"index-prices": loader})
    publish(1000, 900)

    with pytest.raises(TransientError, match=f"{group} 2"):
        keeper("grow", topic, "--partitions", "8")

    load()
    assert "8 partitions" in keeper("grow", topic, "--partitions", "8").stdout
