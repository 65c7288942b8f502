"""Who sends what to the bot, and which answer they get: commands, texts and buttons.

Private chats alone are answered, each so often, and nobody gets anything of Keeper whose account is
not linked. Whatever goes wrong is said in words of the chat's language.
"""

import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from telegram import Chat, LinkPreviewOptions, Update, User
from telegram.constants import ParseMode
from telegram.error import Forbidden, TelegramError
from telegram.ext import (
    Application,
    BaseHandler,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    filters,
)

from keeper.bot.api.client import (
    ApiAwayError,
    ApiProblemError,
    BotRefusedError,
    KeeperApi,
    NotLinkedError,
)
from keeper.bot.limits import ChatLimits
from keeper.bot.memory import Memory
from keeper.bot.shown import Show, Shown, plain
from keeper.bot.talk import Talk
from keeper.bot.texts.catalogue import Texts
from keeper.bot.texts.speak import texts_for
from keeper.clock import Clock, utc_now
from keeper.domain.locales import locale_of
from keeper.domain.messages.buttons import Buttons
from keeper.domain.prices.types import PRICE_TYPES

_LOG: Final = logging.getLogger(__name__)
_NO_PREVIEW: Final = LinkPreviewOptions(is_disabled=True)
_WATCH: Final = r"^/w(\d{1,18})$"
_MOST_SAID: Final = 5_000
AnyApplication = Application[Any, Any, Any, Any, Any, Any]
Action = Callable[[Talk], Awaitable[Shown]]
ALLOWED_UPDATES: Final = ("message", "callback_query")


@dataclass(frozen=True, slots=True)
class Conversations:
    """Answers whoever writes to the bot.

    Attributes:
        api: Keeper's.
        memory: Where open questions are kept.
        limits: How often each chat is answered.
        buttons: Signs what stands behind buttons.
        session: How long a question stays open.
        clock: The time.
    """

    api: KeeperApi
    memory: Memory
    limits: ChatLimits
    buttons: Buttons
    session: timedelta
    clock: Clock = utc_now

    def install(self, application: AnyApplication) -> None:
        """Let an application of the library answer so."""
        private = filters.ChatType.PRIVATE
        of_commands: dict[str, Callable[[Update, list[str]], Awaitable[None]]] = {
            "start": self._start,
            "help": self._help,
            "unlink": self._unlink,
            "list": self._list,
            "deals": self._deals,
            "price": self._price,
            "target": self._target,
            "snooze": self._snooze,
            "stop": self._stop,
        }
        handlers: list[BaseHandler[Update, Any, None]] = [
            CommandHandler(name, _with_words(answer), filters=private)
            for name, answer in of_commands.items()
        ]
        handlers += [
            MessageHandler(filters.Regex(_WATCH) & private, _with_words(self._number)),
            MessageHandler(private & (filters.TEXT | filters.CAPTION), _with_words(self._said)),
            CallbackQueryHandler(_with_words(self._pressed)),
        ]
        application.add_handlers(handlers)
        application.add_error_handler(_report)

    async def _start(self, update: Update, words: list[str]) -> None:
        if len(words) != 1:
            await self._help(update, words)
            return

        async def link(user: User, texts: Texts) -> Shown:
            try:
                person = await self.api.link(user.id, words[0])
            except ApiProblemError as error:
                is_taken = error.problem.kind == "forbidden"
                return plain(texts.account_taken if is_taken else texts.code_used_up)
            texts = texts_for(await person.language())
            linked = texts.linked.format(email=await person.email())
            return plain(f"{linked}\n\n{texts.welcome}")

        await self._answer(update, link)

    async def _unlink(self, update: Update, _: list[str]) -> None:
        async def unlink(user: User, texts: Texts) -> Shown:
            try:
                await self.api.unlink(user.id)
            except ApiProblemError:
                return plain(texts.not_linked)
            return plain(texts.unlinked)

        await self._answer(update, unlink)

    async def _help(self, update: Update, _: list[str]) -> None:
        async def act(talk: Talk) -> Shown:
            return plain(talk.texts.help)

        await self._act(update, act)

    async def _list(self, update: Update, _: list[str]) -> None:
        await self._act(update, Talk.list)

    async def _deals(self, update: Update, _: list[str]) -> None:
        await self._act(update, Talk.deals)

    async def _price(self, update: Update, words: list[str]) -> None:
        await self._act(update, lambda talk: talk.price(" ".join(words)))

    async def _target(self, update: Update, words: list[str]) -> None:
        async def act(talk: Talk) -> Shown:
            if not words or (number := _number(words[0])) is None:
                return plain(talk.texts.say_number.format(command="/target"))
            if len(words) == 1:
                return await talk.ask_target_of(number)
            return await talk.target(number, " ".join(words[1:]))

        await self._act(update, act)

    async def _snooze(self, update: Update, words: list[str]) -> None:
        async def act(talk: Talk) -> Shown:
            numbers = [_number(word) for word in words]
            if not numbers or (number := numbers[0]) is None:
                return plain(talk.texts.say_number.format(command="/snooze"))
            days = numbers[1] if len(numbers) > 1 else None
            return await (talk.snooze(number) if days is None else talk.snooze(number, days))

        await self._act(update, act)

    async def _stop(self, update: Update, words: list[str]) -> None:
        async def act(talk: Talk) -> Shown:
            if not words or (number := _number(words[0])) is None:
                return plain(talk.texts.say_number.format(command="/stop"))
            return await talk.stop(number)

        await self._act(update, act)

    async def _number(self, update: Update, words: list[str]) -> None:
        number = int(words[0].removeprefix("/w"))
        await self._act(update, lambda talk: talk.watch(number))

    async def _said(self, update: Update, words: list[str]) -> None:
        text = " ".join(words)[:_MOST_SAID]
        await self._act(update, lambda talk: talk.said(text))

    async def _pressed(self, update: Update, _: list[str]) -> None:
        query = update.callback_query
        if query is None:
            return

        async def act(talk: Talk) -> Shown:
            parts = self.buttons.read(talk.show.chat_id, query.data or "")
            shown = None if parts is None else await pressed(talk, parts)
            return plain(talk.texts.foreign_button) if shown is None else shown

        try:
            await self._act(update, act)
        finally:
            # Else the button keeps spinning; of a press from long ago Telegram wants no answer.
            with suppress(TelegramError):
                await query.answer()

    async def _act(self, update: Update, action: Action) -> None:
        async def act(user: User, _: Texts) -> Shown:
            person = await self.api.person(user.id)
            show = Show(user.id, texts_for(await person.language()), self.buttons)
            return await action(Talk(person, show, self.memory, self.session, self.clock))

        await self._answer(update, act)

    def _texts_for(self, user: User) -> Texts:
        """Return what somebody is spoken to in; of who is linked to nobody Telegram knows it."""
        return texts_for(self.api.known_language(user.id) or user.language_code)

    async def _answer(
        self, update: Update, answer: Callable[[User, Texts], Awaitable[Shown]]
    ) -> None:
        """Answer an update of a private chat, or say in words why not."""
        user, chat = update.effective_user, update.effective_chat
        if user is None or chat is None or chat.type != Chat.PRIVATE:
            return
        texts = self._texts_for(user)
        if not self.limits.admits(chat.id):
            if self.limits.warns(chat.id):
                await _send(update, plain(texts.too_fast))
            return
        try:
            shown = await answer(user, texts)
        except Exception as error:  # noqa: BLE001 - whoever waits for an answer is not left without one
            # Who it is may be known by now, and so what they speak.
            shown = plain(_why_not(error, self._texts_for(user)))
        await _send(update, shown)


async def pressed(talk: Talk, parts: list[str]) -> Shown | None:
    """Do what stands behind a button; None for one that a later version has made."""
    match parts:
        case ["watch", domain, asin, index]:
            return await talk.add(domain, asin, _price_type(index), None)
        case ["watch", domain, asin, index, minor]:
            return await talk.add(domain, asin, _price_type(index), int(minor))
        case ["own", domain, asin, index]:
            subject = {"domain": domain, "asin": asin, "price_type": _price_type(index)}
            return await talk.ask_target(subject, locale_of(domain).currency)
        case ["target", number]:
            return await talk.ask_target_of(int(number))
        case ["lower", number, minor]:
            return await talk.lower(int(number), int(minor))
        case ["snooze", number, days]:
            return await talk.snooze(int(number), int(days))
        case ["stop", number]:
            return await talk.stop(int(number))
        case ["resume", number]:
            return await talk.resume(int(number))
        case ["more"]:
            return await talk.list(goes_on=True)
    return None


def _price_type(index: str) -> str:
    return next(one.name for one in PRICE_TYPES if str(one.index) == index)


def _why_not(error: Exception, texts: Texts) -> str:
    """Return in words why somebody gets no answer."""
    if isinstance(error, NotLinkedError):
        return texts.not_linked
    if isinstance(error, ApiProblemError):
        return _in_words(error, texts)
    if isinstance(error, ApiAwayError | BotRefusedError):
        _LOG.warning("%s", error)
        return texts.away
    _LOG.error("an update was not answered", exc_info=error)
    return texts.broken


def _in_words(error: ApiProblemError, texts: Texts) -> str:
    problem = error.problem
    if problem.kind == "not-found":
        # What the API says names the number.
        number = next((word for word in (problem.detail or "").split() if word.isdigit()), "")
        return texts.no_watch.format(number=number).replace("  ", " ")
    template = texts.limit_reached if problem.kind == "limit-reached" else texts.refused
    return template.format(detail=(problem.detail or problem.kind).rstrip("."))


async def _send(update: Update, shown: Shown) -> None:
    chat = update.effective_chat
    if chat is None:
        return
    try:
        await chat.send_message(
            shown.html,
            parse_mode=ParseMode.HTML,
            reply_markup=shown.markup,
            link_preview_options=_NO_PREVIEW,
        )
    except Forbidden:
        _LOG.info("somebody has blocked the bot")


def _with_words(
    answer: Callable[[Update, list[str]], Awaitable[None]],
) -> Callable[[Update, ContextTypes.DEFAULT_TYPE], Coroutine[Any, Any, None]]:
    async def handle(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        await answer(update, _words_of(update, context))

    return handle


def _words_of(update: Update, context: ContextTypes.DEFAULT_TYPE) -> list[str]:
    """Return the words behind a command, or all of a text."""
    if context.args is not None:
        return context.args
    message = update.message
    return (message.text or message.caption or "").split() if message is not None else []


def _number(word: str) -> int | None:
    text = word.removeprefix("/w")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


async def _report(update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
    """Log what nobody has handled; the chat's text stays out of it."""
    _LOG.error("an update was not handled", exc_info=context.error)
