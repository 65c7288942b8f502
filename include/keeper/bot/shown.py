"""How products, watches and deals look in a chat: Telegram's HTML, and the buttons below it."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from keeper.bot.api.replies import Assessment, Deal, Product, TypedPrice, Watch
from keeper.bot.texts.catalogue import Texts
from keeper.bot.texts.speak import amount_text, day_text
from keeper.domain.locales import locale_of
from keeper.domain.messages.buttons import Buttons
from keeper.domain.prices.types import price_type_of
from keeper.domain.watches.watch import DEFAULT_PRICE_TYPE

MOST_TEXT: Final = 4096
"""Telegram's limit, in UTF-16 units once the markup is read."""
_TITLE: Final = 120
_SIMULATED: Final = "simulator"
_FIRST_TYPES: Final = (DEFAULT_PRICE_TYPE, "AMAZON", "USED")
SNOOZE_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Shown:
    """A message: HTML, and the buttons below it, a row each."""

    html: str
    rows: tuple[tuple[InlineKeyboardButton, ...], ...] = ()

    @property
    def markup(self) -> InlineKeyboardMarkup | None:
        """The buttons as Telegram takes them; None for none."""
        return InlineKeyboardMarkup(self.rows) if self.rows else None


def plain(text: str) -> Shown:
    """Return a text of the catalogue as a message, with whatever was filled in."""
    return Shown(escape(text, quote=False))


@dataclass(frozen=True, slots=True)
class Show:
    """Shows things to one chat, in its language.

    Attributes:
        chat_id: Which.
        texts: Its catalogue.
        buttons: Signs what stands behind buttons.
    """

    chat_id: int
    texts: Texts
    buttons: Buttons

    def product(
        self, product: Product, price: TypedPrice | None, assessed: Assessment | None
    ) -> Shown:
        """Show a product that is not watched: its price, whether it is good, and how to watch."""
        texts = self.texts
        lines = [_bold(product.title or product.asin)]
        lines += self._price_lines(price, assessed, product.currency)
        name = price.price_type if price is not None else DEFAULT_PRICE_TYPE
        # Its name may be too long to stand behind a button.
        place = (product.domain, product.asin, price_type_of(name).index)
        first = self._button(texts.watch_only, "watch", *place)
        lower = None if price is None else _lowered(price.total_minor)
        if lower is not None:
            label = texts.watch_at.format(amount=amount_text(lower, product.currency, texts))
            first = self._button(label, "watch", *place, lower)
        own = self._button(texts.watch_own, "own", *place)
        return Shown("\n".join(lines), ((first,), (own, self._shop(product.url))))

    def unknown(self, asin: str, domain: str, url: str) -> Shown:
        """Show a product of which nothing is stored."""
        place = (domain, asin, price_type_of(DEFAULT_PRICE_TYPE).index)
        watch = self._button(self.texts.watch_only, "watch", *place)
        own = self._button(self.texts.watch_own, "own", *place)
        html = f"{_bold(asin)}\n{escape(self.texts.unknown_product, quote=False)}"
        return Shown(html, ((watch, own), (self._shop(url),)))

    def watch(
        self, watch: Watch, assessed: Assessment | None = None, *, lead: str | None = None
    ) -> Shown:
        """Show a watch, with what can be done with it.

        Args:
            watch: Which.
            assessed: Whether its price is good; None where nothing is known of that.
            lead: A line before it, as what has just been done.
        """
        texts, currency = self.texts, locale_of(watch.domain).currency
        lines = [] if lead is None else [escape(lead, quote=False), ""]
        lines.append(_bold(watch.title or watch.asin))
        price = TypedPrice(
            **{name: getattr(watch.price, name) for name in watch.price.__struct_fields__},
            price_type=watch.price_type,
        )
        lines += self._price_lines(price, assessed, currency)
        if watch.target is None:
            says = texts.watched_without_target.format(number=watch.id)
        else:
            target = amount_text(watch.target.minor, currency, texts)
            says = texts.watched.format(target=target, number=watch.id)
        lines.append(escape(says, quote=False))
        if watch.status == "PAUSED":
            lines.append(texts.paused)
        if watch.snoozed_until is not None:
            lines.append(texts.snoozed.format(since=day_text(watch.snoozed_until, texts)))
        return Shown("\n".join(lines), self._of_watch(watch, currency))

    def _of_watch(
        self, watch: Watch, currency: str
    ) -> tuple[tuple[InlineKeyboardButton, ...], ...]:
        texts = self.texts
        targets = [self._button(texts.change_target, "target", watch.id)]
        base = watch.price.total_minor
        if watch.target is not None:
            base = min(watch.target.minor, base or watch.target.minor)
        if (lower := _lowered(base)) is not None:
            label = texts.lower_to.format(amount=amount_text(lower, currency, texts))
            targets.insert(0, self._button(label, "lower", watch.id, lower))
        rest = (
            self._button(texts.snooze, "snooze", watch.id, SNOOZE_DAYS),
            self._button(texts.stop, "stop", watch.id),
        )
        return tuple(targets), rest, (self._shop(watch.url),)

    def stopped(self, watch_id: int) -> Shown:
        """Show that something is watched no more, with a way back."""
        undo = self._button(self.texts.undo, "resume", watch_id)
        return Shown(self.texts.stopped, ((undo,),))

    def watches(self, watches: Sequence[Watch], *, has_more: bool) -> Shown:
        """Show a list of watches."""
        texts = self.texts
        if not watches:
            return plain(texts.list_empty)
        lines = [_bold(texts.list_title)]
        for watch in watches:
            currency = locale_of(watch.domain).currency
            total = watch.price.total_minor
            target = ""
            if watch.target is not None:
                target = f" (→ {amount_text(watch.target.minor, currency, texts)})"
            line = texts.list_line.format(
                number=watch.id,
                title=_short(watch.title or watch.asin),
                price="–" if total is None else amount_text(total, currency, texts),
                target=target,
            )
            lines.append(escape(line, quote=False))
        lines += ["", texts.list_hint]
        more = self._button(texts.list_more, "more")
        return Shown("\n".join(lines), ((more,),) if has_more else ())

    def deals(self, deals: Sequence[Deal]) -> Shown:
        """Show deals, the best first."""
        texts = self.texts
        if not deals:
            return plain(texts.deals_empty)
        lines = [_bold(texts.deals_title)]
        for deal in deals:
            below = ""
            if deal.discount_percent:
                below = texts.below_usual.format(percent=deal.discount_percent)
            price = "–"
            if deal.price is not None:
                price = amount_text(deal.price.minor, deal.price.currency, texts)
            title = f'<a href="{escape(deal.url)}">{_escaped(deal.title or deal.asin)}</a>'
            lines.append(texts.deal_line.format(title=title, price=price, below=below))
        return Shown("\n".join(lines))

    def _price_lines(
        self, price: TypedPrice | None, assessed: Assessment | None, currency: str
    ) -> list[str]:
        texts = self.texts
        if price is None or price.state == "not_checked":
            return [texts.not_checked]
        if price.state == "hidden":
            return [texts.hidden]
        total = price.total_minor
        lines = []
        if total is None:
            lines.append(texts.no_offer)
        else:
            amount = amount_text(total, currency, texts)
            rank = texts.rank_too_short if assessed is None else rank_text(assessed, texts)
            lines.append(escape(texts.good.format(amount=amount, rank=rank), quote=False))
        if assessed is not None and (average := assessed.average_90_days) is not None:
            shown = amount_text(average.minor, average.currency, texts)
            lines.append(texts.average.format(amount=shown))
        if price.is_stale and price.checked_at is not None:
            lines.append(texts.stale.format(since=day_text(price.checked_at, texts)))
        if price.source == _SIMULATED:
            lines.append(f"<i>{texts.invented}</i>")
        return lines

    def _button(self, label: str, *parts: object) -> InlineKeyboardButton:
        data = self.buttons.signed(self.chat_id, *parts)
        return InlineKeyboardButton(label, callback_data=data)

    def _shop(self, url: str) -> InlineKeyboardButton:
        return InlineKeyboardButton(self.texts.shop, url=url)


def rank_text(assessed: Assessment, texts: Texts) -> str:
    """Say on how many days the price was higher, in whole days, never more than it truly was."""
    dearer, offered, since = assessed.days_dearer, assessed.days_with_offer, assessed.known_since
    if dearer is None or offered is None or since is None:
        return texts.rank_too_short
    days = max(round(offered), 1)
    filled = {"days": days, "since": day_text(since, texts)}
    if dearer == 0:
        return texts.rank_never_dearer.format(**filled)
    if dearer >= offered:
        return texts.rank.format(dearer=days, **filled)
    return texts.rank.format(dearer=min(int(dearer), days), **filled)


def best_known(prices: Sequence[TypedPrice], wanted: str | None) -> TypedPrice | None:
    """Return the price to show of a product: of the wanted type, else what is asked for most."""
    by_type = {price.price_type: price for price in prices}
    names = (*((wanted,) if wanted else ()), *_FIRST_TYPES)
    found = [by_type[name] for name in names if name in by_type] or list(prices)
    return next((one for one in found if one.amount is not None), found[0] if found else None)


def _lowered(minor: int | None) -> int | None:
    """Return ten per cent less; None where nothing is left of it."""
    lower = None if minor is None else minor * 9 // 10
    return lower or None


def _bold(text: str) -> str:
    return f"<b>{_escaped(text)}</b>"


def _escaped(text: str) -> str:
    return escape(_short(text), quote=False)


def _short(title: str) -> str:
    return title if len(title) <= _TITLE else f"{title[: _TITLE - 1]}…"
