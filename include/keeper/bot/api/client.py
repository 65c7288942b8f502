"""Asks Keeper's API, as the bot or for somebody who has linked their Telegram account.

The bot's own token opens nothing of anybody. For each linked account the API gives it a token of
minutes, which is kept in memory alone.
"""

from collections import OrderedDict
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final, TypeVar

import httpx
import msgspec

from keeper.bot.api.replies import Problem, ShortToken
from keeper.clock import Clock, utc_now
from keeper.errors import TransientError

_TIMEOUT_S: Final = 15.0
_EARLY: Final = timedelta(minutes=1)
_MOST_KEPT: Final = 10_000
_T = TypeVar("_T")


class ApiAwayError(TransientError):
    """The console does not answer, or says that a part of Keeper does not."""


class BotRefusedError(TransientError):
    """The console refuses the bot's own token; one sentence says what to do."""


class NotLinkedError(LookupError):
    """A Telegram account is linked to nobody."""


class ApiProblemError(Exception):
    """The API has refused a request.

    Attributes:
        problem: Why.
    """

    def __init__(self, problem: Problem) -> None:
        """Keep why."""
        super().__init__(problem.detail or problem.kind)
        self.problem = problem


class KeeperApi:
    """Asks the API as the bot itself."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        clock: Clock = utc_now,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            url: Where the console is.
            token: The bot's own.
            clock: The time.
            transport: What sends the requests, if not httpx's own.
        """
        self._token = token
        self._clock = clock
        self._client = httpx.AsyncClient(
            base_url=f"{url}/api/v1",
            timeout=_TIMEOUT_S,
            trust_env=False,
            transport=transport,
        )
        self._tokens: OrderedDict[int, ShortToken] = OrderedDict()

    async def name_bot(self, username: str) -> None:
        """Say what the bot is called, for links that open it.

        Raises:
            ApiAwayError: The console does not answer.
            BotRefusedError: It refuses the bot's token.
        """
        await self._as_bot("PUT", "/telegram/bot", {"username": username})

    async def link(self, telegram_id: int, code: str) -> "Person":
        """Link a Telegram account by the code it has sent, and return for whom to act.

        Raises:
            ApiProblemError: The code is worth nothing, or the account is another user's.
            ApiAwayError: The console does not answer.
            BotRefusedError: It refuses the bot's token.
        """
        body = {"telegram_id": telegram_id, "code": code}
        self._keep(
            telegram_id, _decoded(await self._as_bot("POST", "/telegram/links", body), ShortToken)
        )
        return Person(self, telegram_id)

    async def unlink(self, telegram_id: int) -> None:
        """End the link of a Telegram account.

        Raises:
            ApiProblemError: It is linked to nobody.
            ApiAwayError: The console does not answer.
            BotRefusedError: It refuses the bot's token.
        """
        self._tokens.pop(telegram_id, None)
        await self._as_bot("DELETE", f"/telegram/links/{telegram_id}")

    async def person(self, telegram_id: int) -> "Person":
        """Return for whom to act.

        Raises:
            NotLinkedError: The account is linked to nobody.
            ApiAwayError: The console does not answer.
            BotRefusedError: It refuses the bot's token.
        """
        await self.token_of(telegram_id)
        return Person(self, telegram_id)

    async def token_of(self, telegram_id: int, *, anew: bool = False) -> ShortToken:
        """Return a token of minutes for a linked account, one that is kept if it is still good.

        Raises:
            NotLinkedError: The account is linked to nobody.
            ApiAwayError: The console does not answer.
            BotRefusedError: It refuses the bot's token.
        """
        kept = self._tokens.get(telegram_id)
        if kept is not None and not anew and self._clock() < kept.expires_at - _EARLY:
            return kept
        self._tokens.pop(telegram_id, None)
        try:
            answer = await self._as_bot("POST", "/telegram/tokens", {"telegram_id": telegram_id})
        except ApiProblemError as error:
            if error.problem.status == HTTPStatus.NOT_FOUND:
                raise NotLinkedError("this Telegram account is linked to nobody") from None
            raise
        return self._keep(telegram_id, _decoded(answer, ShortToken))

    def known_language(self, telegram_id: int) -> str | None:
        """Return what the owner of an account is spoken to in; None if that was not asked yet."""
        kept = self._tokens.get(telegram_id)
        return None if kept is None else kept.language

    async def send(
        self, method: str, path: str, token: str, body: object = None, **query: Any
    ) -> httpx.Response:
        """Send a request and return its good answer.

        Raises:
            ApiProblemError: The API has refused it.
            ApiAwayError: The console does not answer.
        """
        headers = {"Authorization": f"Bearer {token}"}
        params = {name: value for name, value in query.items() if value is not None}
        content = None if body is None else msgspec.json.encode(body)
        if content is not None:
            headers["Content-Type"] = "application/json"
        try:
            answer = await self._client.request(
                method, path, headers=headers, params=params, content=content
            )
        except httpx.HTTPError as error:
            why = str(error) or type(error).__name__
            raise ApiAwayError(f"the console does not answer: {why}") from None
        if answer.is_success:
            return answer
        try:
            problem = msgspec.json.decode(answer.content, type=Problem)
        except msgspec.MsgspecError:
            raise ApiAwayError(f"the console answers with {answer.status_code}") from None
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ApiAwayError(f"the console answers: {problem.kind}")
        raise ApiProblemError(problem)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _as_bot(self, method: str, path: str, body: object = None) -> httpx.Response:
        try:
            return await self.send(method, path, self._token, body)
        except ApiProblemError as error:
            if error.problem.status != HTTPStatus.UNAUTHORIZED:
                raise
            raise BotRefusedError(
                "the console refuses the bot's token; make one: keeper api-tokens make keeper-bot "
                "--bot --days 366, and set KEEPER_BOT_API_TOKEN"
            ) from None

    def _keep(self, telegram_id: int, token: ShortToken) -> ShortToken:
        self._tokens[telegram_id] = token
        self._tokens.move_to_end(telegram_id)
        if len(self._tokens) > _MOST_KEPT:
            self._tokens.popitem(last=False)
        return token


class Person:
    """Asks the API for one user, who has linked a Telegram account."""

    def __init__(self, api: KeeperApi, telegram_id: int) -> None:
        """Ask for the owner of an account."""
        self._api = api
        self._telegram_id = telegram_id

    async def email(self) -> str:
        """Return who it is, by address."""
        return (await self._api.token_of(self._telegram_id)).email

    async def language(self) -> str:
        """Return what they are spoken to in."""
        return (await self._api.token_of(self._telegram_id)).language

    async def get(self, path: str, kind: type[_T], **query: Any) -> _T:
        """Return what the API has at an address.

        Raises:
            NotLinkedError: The account is linked to nobody any more.
            ApiProblemError: The API has refused it.
            ApiAwayError: The console does not answer.
        """
        return _decoded(await self._send("GET", path, None, **query), kind)

    async def change(self, method: str, path: str, body: object, kind: type[_T]) -> _T:
        """Change something and return what the API answers; raises as `get`."""
        return _decoded(await self._send(method, path, body), kind)

    async def do(self, method: str, path: str, body: object = None) -> None:
        """Change something that the API answers with nothing; raises as `get`."""
        await self._send(method, path, body)

    async def _send(self, method: str, path: str, body: object, **query: Any) -> httpx.Response:
        token = await self._api.token_of(self._telegram_id)
        try:
            return await self._api.send(method, path, token.token, body, **query)
        except ApiProblemError as error:
            if error.problem.status != HTTPStatus.UNAUTHORIZED:
                raise
        # Linked anew, or the clocks differ.
        token = await self._api.token_of(self._telegram_id, anew=True)
        return await self._api.send(method, path, token.token, body, **query)


def _decoded(answer: httpx.Response, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except msgspec.MsgspecError as error:
        raise ApiAwayError(
            f"the console answers something else than its API says: {error}"
        ) from None
