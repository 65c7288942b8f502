"""The conditions of rules as forms: what each is called, and which figures it takes.

Their ranges are those of docs/schemas/alert-rules.v1.json; their words those that
keeper.domain.watches.rule_texts reads.
"""

from dataclasses import dataclass
from typing import Any, Final

from keeper.domain.watches.rules import rules_schema

_TEMPLATES: Final = (
    ("at_or_below", "at or below {amount}"),
    ("above", "above {amount}"),
    ("below_average", "{percent}% below {days}-day average"),
    ("below_previous", "{percent}% below previous"),
    ("lowest", "lowest in {days} days"),
    ("lowest", "lowest ever"),
    ("back_in_stock", "back in stock"),
    ("sold_out", "sold out"),
    ("any_change", "any change"),
    ("deal_score", "deal score {points}"),
)
_AMOUNT: Final = "amount"


@dataclass(frozen=True, slots=True)
class RuleParameter:
    """A figure that a condition takes.

    Attributes:
        name: amount, in the main unit, percent, days or points.
        least: The smallest; None for an amount, which is above nothing.
        most: The largest; None for an amount.
        choices: The only ones there are; empty for all between.
    """

    name: str
    least: int | None = None
    most: int | None = None
    choices: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleForm:
    """A condition: how it is called, written, and which figures stand in it in braces."""

    kind: str
    template: str
    parameters: tuple[RuleParameter, ...]


def rule_forms() -> list[RuleForm]:
    """Return every form of a condition."""
    kinds = {
        one["properties"]["kind"]["enum"][0]: one["properties"]
        for one in rules_schema()["$defs"].values()
        if "kind" in one["properties"]
    }
    return [
        RuleForm(
            kind,
            template,
            tuple(
                _parameter(name, kinds[kind])
                for name in (_AMOUNT, "percent", "days", "points")
                if f"{{{name}}}" in template
            ),
        )
        for kind, template in _TEMPLATES
    ]


def _parameter(name: str, properties: dict[str, Any]) -> RuleParameter:
    if name == _AMOUNT:
        return RuleParameter(name)
    schema = properties[name]
    # One that may be left out has a form of its own for that.
    schema = next((one for one in schema.get("anyOf", ()) if one["type"] == "integer"), schema)
    return RuleParameter(
        name, schema.get("minimum"), schema.get("maximum"), tuple(schema.get("enum", ()))
    )
