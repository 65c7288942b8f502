"""Kafka's topics, and how far Keeper's groups have read them."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from keeper.console.api.operators import READ
from keeper.console.api.shapes import Reply
from keeper.console.auth import OperationsReader
from keeper.console.context import Context
from keeper.console.problems import NOT_FOUND, ProblemError, answers
from keeper.pipeline.requests.replays import TOPIC
from keeper.pipeline.services.topics import (
    GroupLag,
    UnknownTopicError,
    lag_of_all,
    topic_in_detail,
    topics_of,
)

router = APIRouter()
TopicName = Annotated[str, Path(pattern=TOPIC, description="price-updates …")]


class LagReply(Reply):
    """How many messages of a topic a group has not read."""

    group: str
    topic: str
    unread: int

    @classmethod
    def of_group(cls, lag: GroupLag) -> "LagReply":
        """Return what the API says of a group's lag."""
        return cls(group=lag.group, topic=lag.topic, unread=lag.unread)


class LagList(Reply):
    """How far each of Keeper's groups is behind."""

    items: list[LagReply]
    unread: int = Field(description="All together.")


class TopicReply(Reply):
    """A topic."""

    name: str
    partitions: int
    messages: int = Field(description="Of a .dlq at most so many.")
    readers: list[LagReply]


class TopicList(Reply):
    """Every topic."""

    items: list[TopicReply]


class PartitionReply(Reply):
    """A partition of a topic."""

    partition: int
    first: int = Field(description="The offset of its first message.")
    next: int = Field(description="The offset its next message will have.")
    groups: dict[str, int | None] = Field(
        description="By group, the offset of the next message it reads; null if it never read."
    )


class TopicInDetailReply(Reply):
    """A topic, partition by partition."""

    name: str
    partitions: list[PartitionReply]


@router.get("/topics", tags=["topics"], responses=READ, name="list")
async def list_topics(caller: OperationsReader, context: Context) -> TopicList:
    """List Kafka's topics with their readers; operators only."""
    found = await context.operations.in_kafka(topics_of)
    return TopicList(
        items=[
            TopicReply(
                name=topic.name,
                partitions=topic.partitions,
                messages=topic.messages,
                readers=[LagReply.of_group(lag) for lag in topic.readers],
            )
            for topic in found
        ]
    )


@router.get("/topics/{topic}", tags=["topics"], responses=READ | answers(NOT_FOUND), name="get")
async def get_topic(
    caller: OperationsReader, context: Context, topic: TopicName
) -> TopicInDetailReply:
    """Show a topic's partitions and where each of its readers stands; operators only."""
    try:
        found = await context.operations.in_kafka(partial(topic_in_detail, name=topic))
    except UnknownTopicError:
        raise ProblemError(NOT_FOUND, "there is no such topic") from None
    return TopicInDetailReply(
        name=found.name,
        partitions=[
            PartitionReply(
                partition=span.partition,
                first=span.start,
                next=span.end,
                groups={group: stands[place].at for group, stands in found.standings.items()},
            )
            for place, span in enumerate(found.spans)
        ],
    )


@router.get("/lag", tags=["lag"], responses=READ, name="list")
async def list_lag(caller: OperationsReader, context: Context) -> LagList:
    """List how many messages each of Keeper's groups has not read; operators only."""
    found = [LagReply.of_group(lag) for lag in await context.operations.in_kafka(lag_of_all)]
    return LagList(items=found, unread=sum(lag.unread for lag in found))
