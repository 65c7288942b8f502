"""The `keeper-events` message: something happened in Keeper that others may want to look at."""

from datetime import datetime
from typing import Annotated, Final, Literal, get_args

import msgspec

from keeper.domain.prices.events import SCHEMA_VERSION

Happening = Literal["run_loaded", "deals_found", "dead_letters_grew", "tokens_short"]
HAPPENINGS: Final[frozenset[str]] = frozenset(get_args(Happening))


class KeeperEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One message of `keeper-events`; docs/schemas/ has its JSON Schema.

    An event only says that something changed. Who receives it reads the facts from the stores, so
    an event that is lost, comes twice or comes late changes only when they are read.

    Attributes:
        event_type: `run_loaded`: the stores have what a run published. `deals_found`: some that no
            run had found before. `dead_letters_grew`: messages of `topic` could not be loaded.
            `tokens_short`: Keepa's tokens do not reach for all products a run should have checked.
        occurred_at: When it was seen.
        count: How many products, deals, messages, and products that have to wait.
        run_id: The run, where one is concerned.
        topic: The topic, where one is concerned.
    """

    event_type: Happening
    occurred_at: datetime
    count: Annotated[int, msgspec.Meta(ge=0)]
    run_id: str | None = None
    topic: str | None = None
    schema_version: int = SCHEMA_VERSION
