"""What the bot does for somebody in a private chat: each method is one thing they ask for.

All of it goes through the API, as the user the Telegram account is linked to: what they may not see
there they do not see here.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

from keeper.bot.api.client import ApiProblemError, Person
from keeper.bot.api.replies import (
    Assessment,
    ChangedWatch,
    DealPage,
    Product,
    Watch,
    WatchPage,
)
from keeper.bot.memory import Memory
from keeper.bot.shown import SNOOZE_DAYS, Show, Shown, best_known, plain
from keeper.bot.texts.catalogue import Texts
from keeper.bot.texts.speak import amount_text, day_text, example_amount
from keeper.clock import Clock
from keeper.domain.asins import (
    InvalidAsinError,
    ProductAddress,
    ShortLinkError,
    parse_product_address,
    product_url,
)
from keeper.domain.locales import UnknownLocaleError, locale_of
from keeper.domain.money import InvalidAmountError, read_amount, to_major
from keeper.domain.watches.watch import DEFAULT_DOMAIN
from keeper.pipeline.watches.short_links import ShortLinkNotFollowedError, follow_short_link

_ON_A_PAGE: Final = 10
_DEALS: Final = 5
_MOST_DAYS: Final = 365
_HOME: Final = {"de": "de"}
"""By language: the locale of an ASIN that names none and is watched nowhere."""


@dataclass(frozen=True, slots=True)
class Talk:
    """Does what one person asks for, in one chat.

    Attributes:
        person: For whom the API is asked.
        show: How things look in the chat.
        memory: Where open questions are kept.
        session: For how long.
        clock: The time.
    """

    person: Person
    show: Show
    memory: Memory
    session: timedelta
    clock: Clock

    @property
    def texts(self) -> Texts:
        """The catalogue of the chat."""
        return self.show.texts

    async def said(self, text: str) -> Shown:
        """Answer a text that is no command: an amount that was asked for, or a product."""
        question = await self.memory.recall(self._question)
        if isinstance(question, dict):
            answer = await self._answered(question, text)
            if answer is not None:
                return answer
            # Whoever names a product instead has changed their mind.
            await self.memory.forget(self._question)
        return await self.price(text)

    async def price(self, text: str) -> Shown:
        """Show the product that a text names, or the watch of a number."""
        if (number := _number(text)) is not None:
            return await self.watch(number)
        try:
            address = await self._address(text)
        except ShortLinkNotFollowedError:
            return plain(self.texts.short_link_failed)
        except UnknownLocaleError:
            return plain(self.texts.unknown_site)
        except InvalidAsinError as error:
            is_several = "several" in str(error)
            return plain(self.texts.several_products if is_several else self.texts.no_product)
        watched = await self._watched(address)
        if watched is not None:
            return self.show.watch(watched, await self._assessed(watched))
        domain = address.locale.domain if address.locale is not None else self._home
        return await self._product(address.asin, domain)

    async def list(self, *, goes_on: bool = False) -> Shown:
        """Show a page of what they watch: the first, or the one after the last shown."""
        key = f"list:{self.show.chat_id}"
        cursor = await self.memory.recall(key) if goes_on else None
        try:
            page = await self.person.get(
                "/watches",
                WatchPage,
                limit=_ON_A_PAGE,
                cursor=cursor if isinstance(cursor, str) else None,
            )
        except ApiProblemError as error:
            if error.problem.kind != "bad-cursor":
                raise
            return await self.list()
        if page.next_cursor is not None:
            await self.memory.remember(key, page.next_cursor, self.session)
        return self.show.watches(page.items, has_more=page.next_cursor is not None)

    async def deals(self) -> Shown:
        """Show the best deals of the last day."""
        page = await self.person.get("/deals", DealPage, limit=_DEALS)
        return self.show.deals(page.items)

    async def watch(self, number: int, *, lead: str | None = None) -> Shown:
        """Show a watch."""
        watch = await self.person.get(f"/watches/{number}", Watch)
        return self.show.watch(watch, await self._assessed(watch), lead=lead)

    async def add(self, domain: str, asin: str, price_type: str, target_minor: int | None) -> Shown:
        """Watch a product, with a target or without."""
        currency = locale_of(domain).currency
        body: dict[str, Any] = {"product": asin, "domain": domain, "price_type": price_type}
        if target_minor is not None:
            body["target"] = str(to_major(target_minor, currency))
        changed = await self.person.change("POST", "/watches", body, ChangedWatch)
        return self.show.watch(
            changed.watch, await self._assessed(changed.watch), lead=self.texts.watching
        )

    async def ask_target(self, subject: Mapping[str, Any], currency: str) -> Shown:
        """Ask at what price to alert; the answer is looked at by `said`.

        Args:
            subject: The number of a watch, or what names a product to watch.
            currency: Of its prices.
        """
        await self.memory.remember(self._question, dict(subject), self.session)
        example = example_amount(currency, self.texts)
        return plain(self.texts.ask_target.format(example=example))

    async def ask_target_of(self, number: int) -> Shown:
        """Ask at what price to alert for a watch."""
        watch = await self.person.get(f"/watches/{number}", Watch)
        return await self.ask_target({"watch": number}, locale_of(watch.domain).currency)

    async def target(self, number: int, text: str) -> Shown:
        """Set the target of a watch as somebody has typed it."""
        watch = await self.person.get(f"/watches/{number}", Watch)
        currency = locale_of(watch.domain).currency
        try:
            return await self.lower(number, read_amount(text, currency))
        except InvalidAmountError:
            return self._no_amount(currency)

    async def lower(self, number: int, minor: int) -> Shown:
        """Set the target of a watch to an amount."""
        watch = await self.person.get(f"/watches/{number}", Watch)
        currency = locale_of(watch.domain).currency
        body = {"target": str(to_major(minor, currency))}
        changed = await self.person.change("PATCH", f"/watches/{number}", body, ChangedWatch)
        lead = self.texts.target_set.format(target=amount_text(minor, currency, self.texts))
        return self.show.watch(changed.watch, await self._assessed(changed.watch), lead=lead)

    async def snooze(self, number: int, days: int = SNOOZE_DAYS) -> Shown:
        """Hold the alerts of a watch for some days."""
        until = self.clock() + timedelta(days=min(max(days, 1), _MOST_DAYS))
        body = {"until": until.isoformat()}
        await self.person.do("PUT", f"/watches/{number}/snooze", body)
        return plain(self.texts.snooze_set.format(since=day_text(until, self.texts)))

    async def stop(self, number: int) -> Shown:
        """Watch something no more."""
        await self.person.do("DELETE", f"/watches/{number}")
        return self.show.stopped(number)

    async def resume(self, number: int) -> Shown:
        """Watch something again that was stopped."""
        body = {"status": "ACTIVE"}
        await self.person.change("PATCH", f"/watches/{number}", body, ChangedWatch)
        return await self.watch(number, lead=self.texts.resumed)

    async def _answered(self, question: Mapping[str, Any], text: str) -> Shown | None:
        """Return what an answer to an open question brings; None if it names a product."""
        number = question.get("watch")
        if isinstance(number, int):
            watch = await self.person.get(f"/watches/{number}", Watch)
            currency = locale_of(watch.domain).currency
        else:
            currency = locale_of(str(question["domain"])).currency
        try:
            minor = read_amount(text, currency)
        except InvalidAmountError:
            return None if _names_product(text) else self._no_amount(currency)
        await self.memory.forget(self._question)
        if isinstance(number, int):
            return await self.lower(number, minor)
        domain, asin, price_type = (
            str(question[name]) for name in ("domain", "asin", "price_type")
        )
        return await self.add(domain, asin, price_type, minor)

    async def _address(self, text: str) -> ProductAddress:
        try:
            return parse_product_address(text)
        except ShortLinkError as error:
            # It may take seconds, and the other chats go on.
            url = await asyncio.to_thread(follow_short_link, error.url)
            return parse_product_address(url)

    async def _watched(self, address: ProductAddress) -> Watch | None:
        domain = None if address.locale is None else address.locale.domain
        page = await self.person.get(
            "/watches", WatchPage, q=address.asin, domain=domain, limit=_ON_A_PAGE
        )
        return next((one for one in page.items if one.asin == address.asin), None)

    async def _product(self, asin: str, domain: str) -> Shown:
        try:
            product = await self.person.get(f"/prices/{asin}", Product, domain=domain)
        except ApiProblemError as error:
            if error.problem.status != HTTPStatus.NOT_FOUND:
                raise
            return self.show.unknown(asin, domain, product_url(asin, locale_of(domain)))
        price = best_known(product.prices, None)
        assessed = None
        if price is not None and price.amount is not None:
            assessed = await self._assessment(asin, domain, price.price_type)
        return self.show.product(product, price, assessed)

    async def _assessed(self, watch: Watch) -> Assessment | None:
        if watch.price.amount is None:
            return None
        return await self._assessment(watch.asin, watch.domain, watch.price_type)

    async def _assessment(self, asin: str, domain: str, price_type: str) -> Assessment | None:
        try:
            return await self.person.get(
                f"/prices/{asin}/assessment", Assessment, domain=domain, price_type=price_type
            )
        except ApiProblemError as error:
            if error.problem.status != HTTPStatus.NOT_FOUND:
                raise
            return None

    @property
    def _question(self) -> str:
        return f"question:{self.show.chat_id}"

    @property
    def _home(self) -> str:
        return _HOME.get(self.texts.language, DEFAULT_DOMAIN)

    def _no_amount(self, currency: str) -> Shown:
        example = example_amount(currency, self.texts)
        return plain(self.texts.not_an_amount.format(currency=currency, example=example))


def _names_product(text: str) -> bool:
    try:
        parse_product_address(text)
    except (ShortLinkError, UnknownLocaleError):
        return True
    except InvalidAsinError:
        return False
    return True


def _number(text: str) -> int | None:
    """Return the number of a watch that a text is; what has ten figures is a book's ASIN."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
