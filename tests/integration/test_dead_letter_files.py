"""Dead letters kept in a file and put back, and none replayed twice, on a real Kafka."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from typer.testing import CliRunner, Result

from keeper.cli.app import app
from keeper.pipeline.requests.replays import Replay, replay
from keeper.pipeline.requests.work import Work
from keeper.settings import load_settings
from keeper.streams.codec import decode_price_event
from keeper.streams.config import KafkaConfig
from keeper.streams.consumers.batch_consumer import BatchConsumer
from keeper.streams.dead_letters import box as box_module
from keeper.streams.dead_letters.box import DeadLetterBox, OlderLettersError, StoredLetter
from keeper.streams.dead_letters.files import NotALetterError, read_letters
from keeper.streams.producer import EventProducer
from keeper.streams.topic_admin import offsets_kept_for
from keeper.streams.topics import dead_letter_topic
from tests.dead_letters import publish_letters


@pytest.fixture(autouse=True)
def _settings(kafka: KafkaConfig, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap_servers)
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


@pytest.fixture
def give_up(kafka: KafkaConfig, topic: str) -> Callable[..., None]:
    """Publish messages that nobody can load and make dead letters of them."""
    group = f"test-{uuid.uuid4().hex}"

    def run(*values: bytes) -> None:
        with EventProducer(kafka) as producer:
            producer.send_all(topic, [(b"\xff-key", value) for value in values])
        BatchConsumer(
            kafka, topic=topic, group=group, decode=decode_price_event, handle=lambda _: None
        ).run(until_idle=True)

    return run


def dlq(*words: str) -> Result:
    result = CliRunner().invoke(app, ["topics", "dlq", *words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def in_box(kafka: KafkaConfig, topic: str) -> list[StoredLetter]:
    with DeadLetterBox(kafka, topic) as box, closing(box.letters()) as letters:
        return list(letters)


def test_letters_outlast_their_topic_in_a_file_and_come_back_once(
    kafka: KafkaConfig,
    admin: AdminClient,
    topic: str,
    give_up: Callable[..., None],
    tmp_path: Path,
) -> None:
    file = tmp_path / "letters.jsonl"
    give_up(b"rubbish \x00\xff", b"{}")
    before = {letter.identity: letter for letter in in_box(kafka, topic)}
    assert "2 dead letters" in dlq("export", topic, str(file)).stdout
    # The next export was interrupted within a line.
    with file.open("ab") as torn:
        torn.write(b'{"topic":"')
    give_up(b"more rubbish")
    assert "1 dead letters" in dlq("export", topic, str(file)).stdout
    assert "0 dead letters" in dlq("export", topic, str(file)).stdout
    assert dlq("export", topic).stdout_bytes == file.read_bytes()
    assert "0 dead letters of" in dlq("import", str(file)).stdout

    # Retention takes them.
    box = TopicPartition(dead_letter_topic(topic), 0, -1)
    admin.delete_records([box])[box].result()
    assert in_box(kafka, topic) == []
    assert "3 dead letters" in dlq("import", str(file), "--dry-run").stdout
    assert "3 dead letters" in dlq("import", str(file)).stdout
    assert "3 were there already" in dlq("import", str(file)).stdout

    after = {letter.identity: letter for letter in in_box(kafka, topic)}
    assert len(after) == 3
    for identity, letter in before.items():
        back = after[identity]
        assert (back.key, back.value, back.headers) == (letter.key, letter.value, letter.headers)
    assert "3 messages" in dlq("replay", topic, "--yes").stdout


def test_an_export_adds_what_an_earlier_one_left_out_and_what_a_kafka_made_anew_has(
    kafka: KafkaConfig, topic: str, tmp_path: Path
) -> None:
    file = tmp_path / "letters.jsonl"
    publish_letters(kafka, topic, [b"replayed", b"left"])
    with DeadLetterBox(kafka, topic) as box:
        box.replay(in_box(kafka, topic)[:1], remember=True)
    assert "1 dead letters" in dlq("export", topic, str(file), "--only-left").stdout
    assert "1 dead letters" in dlq("export", topic, str(file)).stdout
    assert "0 dead letters" in dlq("export", topic, str(file)).stdout

    # As if these two had lain further on before Kafka was made anew.
    lines = file.read_text().replace('"offset":', '"offset":7')
    file.write_text(lines)
    publish_letters(kafka, topic, [b"new"], reason="another")
    assert "1 dead letters" in dlq("export", topic, str(file)).stdout
    assert [letter.value for letter in read_letters(file)] == [b"left", b"replayed", b"new"]


def test_a_file_that_is_none_of_an_export_is_named(tmp_path: Path) -> None:
    file = tmp_path / "other.jsonl"
    file.write_text('{"topic": "price-updates"}\n')

    with pytest.raises(NotALetterError, match="line 1 of"):
        dlq("import", str(file))


@pytest.fixture
def _forgetful(kafka: KafkaConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kafka remembers replays no longer than until an hour from now."""
    assert offsets_kept_for(kafka.admin()) >= timedelta(days=7)
    monkeypatch.setattr(box_module, "offsets_kept_for", lambda _: timedelta(0))


@pytest.mark.usefixtures("_forgetful")
def test_what_may_have_been_replayed_before_kafka_forgot_is_published_only_if_wanted(
    kafka: KafkaConfig, topic: str, give_up: Callable[..., None]
) -> None:
    give_up(b"rubbish")

    with pytest.raises(OlderLettersError, match=r"1 dead letters.*--older; .*--skip-older"):
        dlq("replay", topic, "--yes")
    with pytest.raises(OlderLettersError, match="1 dead letters"):
        replay(Replay(topic=topic), Work(1, 1, load_settings(), lambda _: None))
    assert "no dead letters left" in dlq("replay", topic, "--skip-older", "--yes").stdout
    assert "1 messages" in dlq("replay", topic, "--older", "--yes").stdout
    assert "no dead letters left" in dlq("replay", topic, "--yes").stdout


def test_later_letters_do_not_put_older_ones_out_of_reach(
    kafka: KafkaConfig, topic: str, give_up: Callable[..., None]
) -> None:
    give_up(b"older")
    give_up(b"later")
    sent = [letter.sent_at for letter in in_box(kafka, topic) if letter.sent_at is not None]
    assert len(sent) == 2
    assert sent[0] < sent[1]
    # The clock is such that Kafka remembers replays since a moment between the two.
    now = sent[0] + (sent[1] - sent[0]) / 2 + offsets_kept_for(kafka.admin()) - timedelta(hours=1)

    with DeadLetterBox(kafka, topic, clock=lambda: now) as box:
        with closing(box.letters(only_left=True)) as letters:
            assert [letter.value for letter in letters] == [b"later"]
        with pytest.raises(OlderLettersError, match="1 dead letters"):
            box.validate_none_is_older()
