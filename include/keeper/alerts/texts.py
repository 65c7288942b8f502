"""A message as plain text and as a page of HTML, with the same facts."""

from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, Template

from keeper.alerts.message import Message, Section


def as_text(message: Message) -> str:
    """Return the message as plain text."""
    is_single = len(message.sections) == 1
    blocks = [message.notice, message.opening, message.lead]
    blocks += [section_text(section, with_reason=not is_single) for section in message.sections]
    blocks += [message.closing, "\n".join(f"{one.label}: {one.url}" for one in message.actions)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def section_text(section: Section, *, with_reason: bool) -> str:
    """Return the section of one product as lines, with its chart in words."""
    head = [f"{section.heading}:\n", section.title] if section.heading else [section.title]
    if with_reason:
        head += [section.opening] if section.opening else []
        head.append(f"{section.price}, {section.reason}")
    facts = [f"{name}: {value}" for name, value in section.facts]
    chart = [section.chart.says] if section.chart else []
    page = [f"{section.page.label}: {section.page.url}"] if section.page else []
    return "\n".join([*head, *facts, *chart, *page, section.link.url])


def as_page(message: Message, charts: Sequence[str], photos: Sequence[str | None] = ()) -> str:
    """Return the message as HTML for mail; whatever is in its texts comes out as text.

    Args:
        message: The message.
        charts: The content id of each section's chart, in their order; not asked for those
            without one.
        photos: The content id of each section's picture, None for one that shows none; or nothing
            for a page without.
    """
    photos = photos or [None] * len(message.sections)
    return _page().render(message=message, charts=charts, photos=photos)


@cache
def _page() -> Template:
    environment = Environment(
        loader=PackageLoader("keeper.alerts"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("mail.html")
