"""The question an operator is asked about proposed products, and how the answer is read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from keeper.domain.asins import product_url
from keeper.domain.discovery import Proposal
from keeper.domain.locales import locale_of
from keeper.domain.money import format_money
from keeper.domain.prices.landed import SINCE_LANDED
from keeper.domain.prices.types import price_type_of
from keeper.errors import TerminalError

ALL: Final = "All of them"
NONE: Final = "None of them"
LATER: Final = "Ask again next time"
_TITLE_CHARS: Final = 60
_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~])")
_OPTION: Final = re.compile(r"([a-z]{2}) ([0-9A-Z]{10})(?: |$)")


class AnswerError(TerminalError):
    """What was chosen contradicts itself."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the operator sees.

    Attributes:
        subject: The headline.
        body: Markdown: what to decide, and a table of the products.
        options: The answers about all products, then one a product.
    """

    subject: str
    body: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """(domain, ASIN) of the products approved and rejected; all others stay open."""

    approved: tuple[tuple[str, str], ...]
    rejected: tuple[tuple[str, str], ...]


def ask_about(proposals: Sequence[Proposal], user: str | None, *, at: datetime) -> Question | None:
    """Return the question about some proposals, None if there are none.

    Args:
        proposals: In the order to show them in.
        user: E-mail address of the user whose list they would join, None for the system user's.
        at: Now; the averages are of the 90 days before, or of as much of them as is comparable.
    """
    if not proposals:
        return None
    what = "1 product" if len(proposals) == 1 else f"{len(proposals)} products"
    simulated = any(proposal.source == "simulator" for proposal in proposals)
    whose = f"the watch list of {_plain(user)}" if user else "Keeper's own list, without targets"
    lines = [
        *(["**SIMULATED: these products and prices are not Amazon's.**", ""] if simulated else []),
        f'Choose the products to watch, or "{NONE}"; they join {whose}. The others are never '
        f'proposed again, unless you choose "{LATER}" too: then they are.',
        "",
        "| Product | Price | 90-day average | Target | Rating | Rank | Found by |",
        "|---|--:|--:|--:|--:|--:|---|",
        *(_row(proposal, at, with_target=user is not None) for proposal in proposals),
    ]
    return Question(
        subject=f"{what} to watch?" + (" (simulated)" if simulated else ""),
        body="\n".join(lines),
        options=(ALL, NONE, LATER, *map(_option, proposals)),
    )


def read_answer(asked: Sequence[str], chosen: Sequence[str]) -> Answer:
    """Return what a choice among a question's options approves and rejects.

    Raises:
        AnswerError: It contradicts itself, such as a product and NONE.
    """
    products = {option: found.groups() for option in asked if (found := _OPTION.match(option))}
    picked = set(chosen)
    named = picked & products.keys()
    if (NONE in picked and picked != {NONE}) or {ALL, LATER} <= picked or not picked:
        raise AnswerError(
            f"the answer {', '.join(chosen) or 'nothing'!r} is not clear, so nothing was decided; "
            "clear the task `approve` and answer again"
        )
    approved = products.keys() if ALL in picked else named
    rejected = () if LATER in picked else products.keys() - approved
    return Answer(
        tuple(_pair(products[option]) for option in asked if option in approved),
        tuple(_pair(products[option]) for option in asked if option in rejected),
    )


def _option(proposal: Proposal) -> str:
    title = " ".join((proposal.title or "without a title").split())
    if len(title) > _TITLE_CHARS:
        title = title[: _TITLE_CHARS - 1] + "…"
    price = _money(proposal.price_minor, proposal.currency) or "no offer"
    return f"{proposal.domain} {proposal.asin} {title} · {price}"


def _row(proposal: Proposal, at: datetime, *, with_target: bool) -> str:
    locale = locale_of(proposal.domain)
    title = _plain(" ".join((proposal.title or proposal.asin).split()))
    reviews = f" ({proposal.review_count:,})" if proposal.review_count else ""
    target = proposal.target_minor if with_target else None
    cells = (
        f"[{title}]({product_url(proposal.asin, locale)}) {proposal.domain} {proposal.asin}",
        _money(proposal.price_minor, proposal.currency) or "no offer",
        _average(proposal, at),
        _money(target, proposal.currency),
        "" if proposal.rating is None else f"{proposal.rating:.1f}{reviews}",
        "" if proposal.sales_rank is None else f"{proposal.sales_rank:,}",
        _plain(proposal.found_by or ""),
    )
    return f"| {' | '.join(cells)} |"


def _average(proposal: Proposal, at: datetime) -> str:
    average = _money(proposal.average_90_days_minor, proposal.currency)
    if not average:
        return "unknown"
    cut = price_type_of(proposal.price_type).is_cut(90, at)
    return f"{average} {SINCE_LANDED}" if cut else average


def _money(minor: int | None, currency: str) -> str:
    return "" if minor is None else format_money(minor, currency)


def _plain(text: str) -> str:
    """Return text from outside so that Markdown shows it as it is."""
    return _MARKDOWN.sub(r"\\\1", text)


def _pair(groups: tuple[str | None, ...]) -> tuple[str, str]:
    domain, asin = groups
    return str(domain), str(asin)
