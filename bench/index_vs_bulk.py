"""Indexing: Keeper's indexer, the client's own helper, and prepared requests to `_bulk`."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import msgspec
from elasticsearch import Elasticsearch, helpers

from bench.registry import Run, Values, benchmark
from bench.rounds import alternate, median_ratio
from bench.seeded_prices import seeded_events
from keeper.domain.prices.events import PriceEvent
from keeper.stores.elasticsearch.connection import ElasticsearchConfig
from keeper.stores.elasticsearch.price_index import PriceIndex, document_id, fields_of, set_up

BATCH: Final = 2_000
ROUNDS: Final = 3


@benchmark
def index_vs_bulk(run: Run) -> Values:
    """100,000 events in batches of 2,000, each side into a new index of the same template."""
    environment = run.stack.environment("elasticsearch")
    count = run.size(100_000, 2_000)
    events = list(seeded_events(count))
    batches = [events[start : start + BATCH] for start in range(0, count, BATCH)]
    prepared = [_body(batch) for batch in batches]
    run.say(f"{count:,} events; the prepared requests hold the same documents and versions")
    with ElasticsearchConfig(environment["ELASTICSEARCH_URL"], timeout_s=120).client() as client:

        def keeper() -> None:
            with _fresh_alias(client) as alias:
                index = PriceIndex(client, alias)
                assert sum(index.store(batch) for batch in batches) == count

        def raw() -> None:
            with _fresh_alias(client) as alias:
                for body in prepared:
                    reply = client.perform_request(
                        "POST", f"/{alias}/_bulk", headers=_NDJSON, body=body
                    )
                    assert not reply["errors"]

        def helper() -> None:
            with _fresh_alias(client) as alias:
                for batch in batches:
                    helpers.bulk(client, _actions(batch), index=alias, chunk_size=BATCH)

        taken = alternate({"keeper": keeper, "raw": raw, "helper": helper}, min(run.rounds, ROUNDS))
    return {
        "index_vs_bulk": median_ratio(taken["raw"], taken["keeper"]),
        "index_vs_helpers": median_ratio(taken["helper"], taken["keeper"]),
        "index_docs_per_s": count / sorted(taken["keeper"])[len(taken["keeper"]) // 2],
    }


_NDJSON: Final = {"content-type": "application/x-ndjson", "accept": "application/json"}


def _version(event: PriceEvent) -> dict[str, Any]:
    return {
        "_id": document_id(event),
        "version": int(event.checked_at.timestamp() * 1000),
        "version_type": "external_gte",
    }


def _body(batch: Sequence[PriceEvent]) -> bytes:
    lines = (
        msgspec.json.encode(part)
        for event in batch
        for part in ({"index": _version(event)}, fields_of(event))
    )
    return b"\n".join(lines) + b"\n"


def _actions(batch: Sequence[PriceEvent]) -> Iterator[dict[str, Any]]:
    for event in batch:
        yield {"_op_type": "index", **_version(event), "_source": fields_of(event)}


@contextmanager
def _fresh_alias(client: Elasticsearch) -> Iterator[str]:
    name = f"bench-{uuid.uuid4().hex}"
    set_up(client, name)
    try:
        yield name
    finally:
        client.indices.delete(index=f"{name}-000001")
        client.indices.delete_index_template(name=name)
