"""What the API says of watches, and what it takes."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Final, Literal, Self

from msgspec import to_builtins
from pydantic import Field, StringConstraints

from keeper.console.api.current_price import CurrentPrice
from keeper.console.api.shapes import (
    TEXT,
    Domain,
    Moment,
    Money,
    Number,
    PriceTypeName,
    Reply,
    Request,
)
from keeper.console.context import ConsoleContext
from keeper.console.paging import TOTAL
from keeper.domain.asins import product_url
from keeper.domain.locales import locale_of
from keeper.domain.prices.types import price_type_of
from keeper.domain.watches.rule_texts import explain, explain_all, rule_text
from keeper.domain.watches.rules import AlertRule
from keeper.domain.watches.tags import LONGEST_TAG, MOST_TAGS
from keeper.domain.watches.watch import Priority, Watch, WatchStatus
from keeper.pipeline.watches.listed import (
    NOTHING,
    ChangedWatch,
    PagedWatch,
    Saved,
    WatchText,
)

RuleText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f;]+$"),
]
TargetText = Annotated[
    str | None,
    Field(
        max_length=100,
        pattern=TEXT,
        description="In the main unit, as people write it: 24.99 or 24,99; null for none.",
        examples=["24.99"],
    ),
]
Rules = Annotated[
    list[RuleText],
    Field(max_length=20, description="Each as GET /api/v1/rules shows them; [] for none."),
]
Tag = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_TAG, pattern=r"^[^\x00-\x1f\x7f,;]+$")
]
Tags = Annotated[list[Tag], Field(max_length=MOST_TAGS)]
PriorityName = Literal["HIGH", "NORMAL", "LOW"]


class RuleCondition(Reply):
    """A condition of a rule: its kind and figures, as GET /api/v1/rules/forms has them."""

    kind: str
    amount: Money | None = None
    percent: int | None = None
    days: int | None = None
    points: int | None = None


class WatchRule(Reply):
    """A rule of a watch."""

    text: str = Field(description="As it is written.")
    sentence: str = Field(description="What it means.")
    conditions: list[RuleCondition] = Field(description="What must hold together.")

    @classmethod
    def of_rule(cls, rule: AlertRule, currency: str, text: str | None = None) -> Self:
        """Return what the API says of a rule, as it was written or as Keeper writes it."""
        document = to_builtins(rule)
        conditions = [
            RuleCondition(amount=Money.of_minor(one.pop("price_minor", None), currency), **one)
            for one in document["all"]
        ]
        return cls(
            text=rule_text(rule, currency) if text is None else text,
            sentence=explain(rule, currency),
            conditions=conditions,
        )


class PriceChange(Reply):
    """What a current price is beside the last offer before it."""

    before: Money = Field(description="As the watch counts it, with shipping or without.")
    percent: float = Field(description="Negative: it fell.")

    @classmethod
    def of_watch(cls, paged: PagedWatch, currency: str) -> Self | None:
        """Return the change; None without an offer now or before."""
        watched = paged.watched
        before = Money.of_minor(paged.before_minor, currency)
        if before is None or watched.price_minor is None:
            return None
        shipping = watched.shipping_minor if watched.watch.counts_shipping else None
        percent = 100 * (watched.price_minor + (shipping or 0)) / before.minor - 100
        return cls(before=before, percent=round(percent, 1))


class WatchReply(Reply):
    """A watch with its product and current price."""

    id: int
    owner_id: int
    owner: str = Field(description="Whose it is, by address.")
    asin: str
    domain: str
    price_type: str
    title: str | None = Field(description="Amazon's text, to be shown as text only.")
    url: str
    image_url: str | None = Field(description="Of the product's picture, at Amazon.")
    target: Money | None
    rules: list[WatchRule]
    alerts_when: list[str] = Field(description="What it alerts for, in sentences.")
    status: WatchStatus
    priority: PriorityName
    with_shipping: bool
    tags: list[str] = Field(description="Its user's own words, in small letters, sorted.")
    snoozed_until: datetime | None = Field(description="Until when its alerts are held.")
    kind: str | None = Field(description="What is unusual about the product; null for nothing.")
    price: CurrentPrice
    change: PriceChange | None = Field(
        description="Since price.observed_at; null without an offer now or before."
    )
    created_at: Moment
    changed_at: Moment

    @classmethod
    def of_watch(cls, paged: PagedWatch, context: ConsoleContext) -> Self:
        """Return what the API says of a watch."""
        watched = paged.watched
        watch = watched.watch
        locale = locale_of(watch.domain)
        rank = Priority.NORMAL if watch.priority is None else watch.priority
        return cls(
            id=paged.watch_id,
            owner_id=paged.user_id,
            owner=paged.email,
            asin=watch.asin,
            domain=watch.domain,
            price_type=watch.price_type,
            title=watched.title,
            url=product_url(watch.asin, locale),
            image_url=paged.image_url,
            target=Money.of_minor(watch.target_minor, locale.currency),
            rules=[WatchRule.of_rule(rule, locale.currency) for rule in watch.rules or ()],
            alerts_when=alerts_when(watch),
            status=watch.status,
            priority=_NAMES[rank],
            with_shipping=watch.counts_shipping,
            tags=list(watch.tags or ()),
            snoozed_until=_held(paged, context),
            kind=watched.kind.explain(watched.variations) or None,
            price=CurrentPrice.of_known(
                watched, price_type=watch.price_type, currency=locale.currency, context=context
            ),
            change=PriceChange.of_watch(paged, locale.currency),
            created_at=paged.created_at,
            changed_at=paged.changed_at,
        )


_NAMES: Final[dict[Priority, PriorityName]] = {
    Priority.HIGH: "HIGH",
    Priority.NORMAL: "NORMAL",
    Priority.LOW: "LOW",
}


def alerts_when(watch: Watch) -> list[str]:
    """Return in sentences what a watch alerts for."""
    return explain_all(
        watch.rules or (),
        watch.target_minor,
        locale_of(watch.domain).currency,
        with_shipping=watch.counts_shipping,
        is_landed=price_type_of(watch.price_type).landed_since is not None,
    )


def _held(paged: PagedWatch, context: ConsoleContext) -> datetime | None:
    """Return until when a watch's alerts are held; None if they are not, or no more."""
    until = paged.snoozed_until
    return until if until is not None and until > context.clock() else None


class WatchPage(Reply):
    """A page of watches."""

    items: list[WatchReply]
    next_cursor: str | None = Field(description="Where the next page begins; null after the last.")
    total: int | None = Field(description=TOTAL)


class ChangedWatchReply(Reply):
    """A watch that was added or changed."""

    outcome: Saved
    changes: list[str] = Field(description="What changed, with its former and its new value.")
    notes: list[str] = Field(description="How what was given was read, where that is not plain.")
    watch: WatchReply

    @classmethod
    def of_change(cls, changed: ChangedWatch, context: ConsoleContext) -> Self:
        """Return what the API says of it."""
        return cls(
            outcome=changed.outcome,
            changes=list(changed.changes),
            notes=[changed.note] if changed.note else [],
            watch=WatchReply.of_watch(changed.watch, context),
        )


class WatchChanges(Request):
    """What to change of a watch; what is left out stays."""

    target: TargetText = None
    status: WatchStatus | None = None
    priority: PriorityName | None = None
    rules: Rules | None = None
    with_shipping: bool | None = None
    tags: Tags | None = Field(default=None, description="All its tags; [] for none.")

    def text(self) -> WatchText:
        """Return it in a person's words, as the one reader reads them."""
        target = self.target
        if target is None and "target" in self.model_fields_set:
            target = NOTHING
        rules = None if self.rules is None else "; ".join(self.rules) or NOTHING
        shipping = {None: None, True: "yes", False: "no"}[self.with_shipping]
        return WatchText(
            target=target,
            status=self.status,
            priority=self.priority,
            rules=rules,
            with_shipping=shipping,
            tags=None if self.tags is None else ", ".join(self.tags) or NOTHING,
        )


class WatchPatch(WatchChanges):
    """What to change of a watch that is there; what is left out stays."""

    add_tags: Tags = Field(default=[], description="Tags it is to have too.")
    remove_tags: Tags = Field(default=[], description="Tags it is to have no more.")

    def text(self) -> WatchText:
        """Return it in a person's words, as the one reader reads them."""
        return replace(
            super().text(), add_tags=tuple(self.add_tags), remove_tags=tuple(self.remove_tags)
        )


class NewWatch(WatchChanges):
    """A watch to add."""

    product: str = Field(
        min_length=1,
        max_length=2000,
        pattern=TEXT,
        description="An ASIN or the address of a product at Amazon.",
        examples=["https://www.amazon.de/dp/B00EXAMPL0"],
    )
    domain: Domain | None = Field(
        default=None, description="The locale; the address may say it. Without either us."
    )
    price_type: PriceTypeName | None = Field(
        default=None, description="Keepa's name; the one there is, or NEW."
    )

    def text_of_new(self) -> WatchText:
        """Return it in a person's words, with what only a new watch has."""
        return replace(self.text(), domain=self.domain, price_type=self.price_type)


class BulkChange(Request):
    """A change of several watches at once."""

    ids: list[Number] = Field(min_length=1, max_length=500)
    changes: WatchPatch


class BulkResult(Reply):
    """What became of one of them."""

    id: int
    outcome: Saved | None = Field(description="Null if it was not changed.")
    problem: str | None = Field(description="Why it was not changed.")


class BulkReply(Reply):
    """What became of each, in the order of ids."""

    results: list[BulkResult]
