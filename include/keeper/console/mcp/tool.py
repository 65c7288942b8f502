"""What a tool is: a name, what it takes and gives, and which scope it needs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from mcp import types
from pydantic import BaseModel, ConfigDict, Field

from keeper.alerts.message import inert
from keeper.console.api.shapes import TEXT, Domain
from keeper.console.context import ConsoleContext
from keeper.domain.asins import parse_product_address
from keeper.domain.users.access import Identity, Scope
from keeper.domain.watches.watch import DEFAULT_DOMAIN
from keeper.pipeline.users.audit import Doer

ProductText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2000,
        pattern=TEXT,
        description="An ASIN or the address of a product at Amazon.",
    ),
]
DomainChoice = Annotated[
    Domain | None,
    Field(description="The locale; the address may say it. Without either us."),
]


class ToolError(Exception):
    """What was asked for cannot be done; one sentence for the assistant says why."""


class Arguments(BaseModel):
    """What a tool takes: what it does not know it refuses."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ToolAnswer(BaseModel):
    """What a tool gives, with what it cost."""

    model_config = ConfigDict(frozen=True)

    tokens: int = Field(default=0, description="Keepa's tokens that this call costs.")


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool.

    Attributes:
        context: What the console's endpoints share.
        caller: Who calls.
        doer: The same, for the audit log.
    """

    context: ConsoleContext
    caller: Identity
    doer: Doer


_A = TypeVar("_A", bound=Arguments)


@dataclass(frozen=True, slots=True)
class Tool(Generic[_A]):
    """A tool; its function's docstring is its description.

    Attributes:
        scope: What a token needs for it.
        arguments: What it takes.
        answer: What it gives.
        run: Does it.
    """

    scope: Scope
    arguments: type[_A]
    answer: type[ToolAnswer]
    run: Callable[[Call, _A], Awaitable[ToolAnswer]]

    @property
    def name(self) -> str:
        """How it is called."""
        return self.run.__name__

    def described(self) -> types.Tool:
        """Return how the protocol describes it."""
        is_reading = self.scope.value.endswith(":read")
        return types.Tool(
            name=self.name,
            description=" ".join((self.run.__doc__ or "").split()),
            input_schema=self.arguments.model_json_schema(),
            output_schema=self.answer.model_json_schema(),
            annotations=types.ToolAnnotations(
                read_only_hint=is_reading, destructive_hint=False, open_world_hint=False
            ),
        )

    async def called(self, call: Call, given: dict[str, Any] | None) -> ToolAnswer:
        """Do it with what was given.

        Raises:
            ToolError: It cannot be done, or the token lacks the scope.
            ValidationError: What was given does not fit.
        """
        if call.caller.missing([self.scope]):
            raise ToolError(f"the token lacks {self.scope.value}")
        return await self.run(call, self.arguments.model_validate(given or {}))


def product_of(text: str, domain: str | None) -> tuple[str, str]:
    """Return ASIN and locale of what somebody named.

    Raises:
        ToolError: It is no product, or its address is of another locale than the one named.
    """
    try:
        address = parse_product_address(text)
    except ValueError as error:
        raise ToolError(str(error)) from None
    if address.locale is None:
        return address.asin, domain or DEFAULT_DOMAIN
    if domain not in (None, address.locale.domain):
        raise ToolError(f"the address is of {address.locale.domain}, not of {domain}")
    return address.asin, address.locale.domain


def data_text(text: str | None) -> str | None:
    """Return a text of Amazon's on one line, without what could pass for more than a title."""
    return inert(text) or None
