"""Looking for words in everything a stack has written: files, databases, topics, documents."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from elasticsearch import Elasticsearch
from elasticsearch.helpers import scan
from psycopg import sql

from keeper.streams.config import KafkaConfig
from keeper.streams.topic_reader import TopicReader
from tests.services import Stack

_KEPT_FOR_THE_PROCESSES = ("secrets", "programs", "keeper.env", "supervisord.conf")
"""Where the stack's settings lie; only their owner may read them."""


@dataclass(frozen=True)
class Found:
    """A word, the kind of place it stands in, which place, and what is around it."""

    word: str
    kind: str
    place: str
    around: str


def readable_by_others(home: Path) -> list[Path]:
    """Return those files the settings lie in that others than their owner may read."""
    kept = [home / name for name in _KEPT_FOR_THE_PROCESSES]
    assert all(path.exists() for path in kept)
    return [path for path in kept if path.stat().st_mode & 0o077]


def in_files(folders: Iterable[Path], words: Sequence[str]) -> Iterator[Found]:
    """Yield where a word stands in a file or a file's name."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.relative_to(folder).parts[0] in _KEPT_FOR_THE_PROCESSES:
                continue
            name = str(path.relative_to(folder))
            text = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
            yield from _in_text(name.encode() + b"\n" + text, words, "file", name)


def in_database(url: str, words: Sequence[str]) -> Iterator[Found]:
    """Yield where a word stands in a table, as text or in bytes."""
    # bytea is shown in hexadecimal digits.
    in_bytes = [word.encode().hex() for word in words]
    wanted = [f"%{spelling}%" for spelling in (*words, *in_bytes)]
    with psycopg.connect(url, autocommit=True) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace ORDER BY relname"
        ).fetchall()
        assert tables
        for (table,) in tables:
            query = sql.SQL("SELECT t::text FROM {} AS t WHERE t::text LIKE ANY(%s)")
            rows = connection.execute(query.format(sql.Identifier(table)), [wanted])
            for (row,) in rows:
                yield from _in_text(row.encode(), (*words, *in_bytes), "table", table)


def in_topics(kafka: KafkaConfig, words: Sequence[str]) -> Iterator[Found]:
    """Yield where a word stands in a message or its headers."""
    with TopicReader(kafka) as reader:
        for topic in reader.topics():
            start = {span.partition: span.start for span in reader.spans(topic)}
            for message in reader.read(topic, start):
                head = repr((message.key(), message.headers())).encode()
                yield from _in_text(head + (message.value() or b""), words, "topic", topic)


def in_documents(search: Elasticsearch, words: Sequence[str]) -> Iterator[Found]:
    """Yield which documents have a word in them."""
    assert search.count(index="keeper-*")["count"]
    for document in scan(search, index="keeper-*", size=5_000):
        text = json.dumps(document["_source"]).encode()
        yield from _in_text(text, words, "document", document["_id"])


def everywhere(stack: Stack, folders: Sequence[Path], words: Sequence[str]) -> list[Found]:
    """Return each place a word stands in."""
    airflow = stack["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg2", "")
    with Elasticsearch(stack["ELASTICSEARCH_URL"], request_timeout=60) as search:
        return [
            *in_files(folders, words),
            *in_database(airflow, words),
            *in_database(stack["DATABASE_URL"], words),
            *in_topics(KafkaConfig(stack["KAFKA_BOOTSTRAP_SERVERS"]), words),
            *in_documents(search, words),
        ]


def _in_text(text: bytes, words: Sequence[str], kind: str, place: str) -> Iterator[Found]:
    for word in words:
        if (at := text.find(word.encode())) >= 0:
            around = text[max(at - 150, 0) : at + 150].decode("utf-8", "replace")
            yield Found(word, kind, place, around)
