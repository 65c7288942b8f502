"""When messages may come: quiet hours, the daily cap, snoozes, and the daily report."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Annotated, Self

from fastapi import APIRouter, Path, status
from pydantic import Field

from keeper.console.api.shapes import TEXT, GivenMoment, Number, Reply
from keeper.console.api.shapes import Request as RequestBody
from keeper.console.auth import MessageReader, MessageWriter
from keeper.console.context import Context
from keeper.console.problems import (
    BAD_REQUEST,
    NOT_FOUND,
    NOT_SIGNED_IN,
    OTHER_SITE,
    SCOPE_MISSING,
    ProblemError,
    answers,
)
from keeper.domain.users.access import Identity
from keeper.pipeline.messages.wishes import (
    NotThereError,
    ReportsWanted,
    UnclearTimeError,
    Wishes,
    change_wishes,
    read_clock,
    read_zone,
    snooze_watch,
    wishes_of,
)

router = APIRouter()
_READ = answers(NOT_SIGNED_IN, SCOPE_MISSING)
_WRITE = answers(NOT_SIGNED_IN, SCOPE_MISSING, OTHER_SITE)
_MOST_A_DAY = 10_000
Clock = Annotated[str, Field(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["22:00"])]
Until = Annotated[
    GivenMoment | None,
    Field(description="RFC 3339. Alerts are held until then and come together; null ends it."),
]
WatchId = Annotated[Number, Path(description="The watch's number.")]


class DailyReport(StrEnum):
    """When the daily report of deals comes."""

    NEVER = "never"
    WITH_DEALS = "with-deals"
    ALWAYS = "always"


_STORED = {
    DailyReport.NEVER: ReportsWanted.OFF,
    DailyReport.WITH_DEALS: ReportsWanted.WITH_DEALS,
    DailyReport.ALWAYS: ReportsWanted.ALWAYS,
}


class QuietHours(RequestBody):
    """Nothing comes between these, over midnight too."""

    begin: Clock
    end: Clock


class DeliveryRulesReply(Reply):
    """When messages may come."""

    time_zone: str = Field(description="In which quiet hours and days count.")
    quiet_hours: QuietHours | None
    daily_cap: int = Field(description="Most messages a day and channel; others as a digest.")
    snoozed_until: datetime | None = Field(description="Until when all alerts are held.")
    daily_report: DailyReport

    @classmethod
    def of_wishes(cls, wishes: Wishes, at: datetime) -> Self:
        """Return what the API says of it; a snooze that is over is none."""
        rules = wishes.rules
        quiet = None
        if rules.quiet_from is not None and rules.quiet_until is not None:
            quiet = QuietHours(begin=f"{rules.quiet_from:%H:%M}", end=f"{rules.quiet_until:%H:%M}")
        is_held = rules.snoozed_until is not None and rules.snoozed_until > at
        (report,) = (name for name, stored in _STORED.items() if stored is wishes.reports)
        return cls(
            time_zone=rules.time_zone,
            quiet_hours=quiet,
            daily_cap=rules.daily_cap,
            snoozed_until=rules.snoozed_until if is_held else None,
            daily_report=report,
        )


class DeliveryRulesChange(RequestBody):
    """What to change of it; what is left out stays."""

    time_zone: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        pattern=TEXT,
        description="As IANA names it.",
        examples=["Europe/Berlin"],
    )
    quiet_hours: QuietHours | None = Field(default=None, description="null for none.")
    daily_cap: int | None = Field(default=None, ge=1, le=_MOST_A_DAY)
    snoozed_until: Until = None
    daily_report: DailyReport | None = None

    def applied(self, before: Wishes) -> Wishes:
        """Return somebody's wishes with this change.

        Raises:
            UnclearTimeError: There is no such time zone.
        """
        rules = before.rules
        if self.time_zone is not None:
            rules = replace(rules, time_zone=read_zone(self.time_zone))
        if "quiet_hours" in self.model_fields_set:
            quiet = self.quiet_hours
            rules = replace(
                rules,
                quiet_from=None if quiet is None else read_clock(quiet.begin),
                quiet_until=None if quiet is None else read_clock(quiet.end),
            )
        if self.daily_cap is not None:
            rules = replace(rules, daily_cap=self.daily_cap)
        if "snoozed_until" in self.model_fields_set:
            rules = replace(rules, snoozed_until=self.snoozed_until)
        reports = before.reports if self.daily_report is None else _STORED[self.daily_report]
        return replace(before, rules=rules, reports=reports)


class Snooze(RequestBody):
    """Until when a watch's alerts are held."""

    until: GivenMoment = Field(description="RFC 3339; what came meanwhile comes together.")


@router.get("/me/delivery", tags=["delivery-rules"], responses=_READ, name="get")
async def get(caller: MessageReader, context: Context) -> DeliveryRulesReply:
    """Return when one's messages may come."""
    wishes = await context.database.run(partial(wishes_of, account=caller.account))
    return DeliveryRulesReply.of_wishes(wishes, context.clock())


@router.patch(
    "/me/delivery",
    tags=["delivery-rules"],
    responses=_WRITE | answers(BAD_REQUEST),
    name="change",
)
async def change(
    caller: MessageWriter, context: Context, body: DeliveryRulesChange
) -> DeliveryRulesReply:
    """Change when one's messages may come; what was held is looked at again at once."""
    work = partial(change_wishes, account=caller.account, change=body.applied)
    try:
        wishes = await context.database.run(work)
    except UnclearTimeError as error:
        raise ProblemError(BAD_REQUEST, str(error)) from None
    except NotThereError:
        raise ProblemError(NOT_SIGNED_IN) from None
    return DeliveryRulesReply.of_wishes(wishes, context.clock())


@router.put(
    "/watches/{watch_id}/snooze",
    tags=["watches"],
    status_code=status.HTTP_204_NO_CONTENT,
    responses=_WRITE | answers(NOT_FOUND),
    name="snooze",
)
async def snooze(caller: MessageWriter, context: Context, watch_id: WatchId, body: Snooze) -> None:
    """Hold a watch's alerts for a while; what came meanwhile is sent together after."""
    await _snooze(caller, context, watch_id, body.until)


@router.delete(
    "/watches/{watch_id}/snooze",
    tags=["watches"],
    status_code=status.HTTP_204_NO_CONTENT,
    responses=_WRITE | answers(NOT_FOUND),
    name="end-snooze",
)
async def end_snooze(caller: MessageWriter, context: Context, watch_id: WatchId) -> None:
    """Let a watch's alerts out again."""
    await _snooze(caller, context, watch_id, None)


async def _snooze(
    caller: Identity, context: Context, watch_id: int, until: datetime | None
) -> None:
    work = partial(snooze_watch, account=caller.account, watch_id=watch_id, until=until)
    try:
        await context.database.run(work)
    except NotThereError as error:
        raise ProblemError(NOT_FOUND, str(error)) from None
