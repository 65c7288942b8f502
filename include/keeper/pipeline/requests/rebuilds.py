"""An index of Elasticsearch made anew from PostgreSQL, as a request."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from keeper.clock import utc_now
from keeper.pipeline.requests.work import Work


class Rebuildable(StrEnum):
    """What Elasticsearch mirrors of PostgreSQL."""

    PRICES = "prices"
    DEALS = "deals"
    TOKENS = "tokens"
    RUNS = "runs"


class Rebuild(BaseModel):
    """Which index is made anew."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    index: Rebuildable
    keep_former: bool = Field(default=False, description="Leave the index it takes the place of.")


class RebuildResult(BaseModel):
    """What a rebuild did."""

    made: str = Field(description="The new index, which the alias names now.")
    documents: int = Field(description="Copied from PostgreSQL.")
    caught_up: int = Field(description="Messages of Kafka indexed once more since the copy began.")
    refused: int = Field(description="Documents Elasticsearch will never take; the log names them.")


def rebuild(wanted: Rebuild, work: Work) -> RebuildResult:
    """Fill a new index from PostgreSQL while searching and indexing go on.

    Broken off before the new index takes its place, it changes nothing.

    Raises:
        AlreadyRunningError: Another process rebuilds the same.
        TransientError: A service does not answer.
    """
    from keeper.pipeline.search.mirrors import MIRRORS
    from keeper.pipeline.search.rebuild import rebuild_search
    from keeper.pipeline.search.records import RECORD_MIRRORS, rebuild_records
    from keeper.pipeline.services.configuration import (
        elasticsearch_config,
        kafka_config,
        postgres_config,
    )
    from keeper.stores.postgres.connection import session

    settings = work.settings
    with (
        session(postgres_config(settings)) as connection,
        elasticsearch_config(settings).client() as client,
    ):
        if (mirror := MIRRORS.get(wanted.index)) is None:
            index, done = rebuild_records(
                connection,
                client,
                RECORD_MIRRORS[wanted.index],
                at=utc_now(),
                keep_former=wanted.keep_former,
            )
            return RebuildResult(
                made=index, documents=done.written, caught_up=0, refused=done.refused
            )
        rebuilt = rebuild_search(
            connection,
            client,
            kafka_config(settings),
            mirror,
            progress=work.report_progress,
            keep_former=wanted.keep_former,
        )
    return RebuildResult(
        made=rebuilt.index,
        documents=rebuilt.copied,
        caught_up=rebuilt.caught_up,
        refused=rebuilt.refused,
    )
