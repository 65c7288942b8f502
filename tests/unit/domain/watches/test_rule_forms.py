"""Conditions as forms: every form is read, at both ends of its ranges and no further."""

import itertools

import pytest

from keeper.domain.watches.rule_forms import RuleForm, RuleParameter, rule_forms
from keeper.domain.watches.rule_texts import EXAMPLES, parse_rule, rule_text
from keeper.domain.watches.rules import InvalidRuleError

FORMS = rule_forms()


def values(one: RuleParameter) -> list[str]:
    if one.name == "amount":
        return ["24.99"]
    assert one.choices or (one.least is not None and one.most is not None)
    return [str(value) for value in one.choices or (one.least, one.most)]


def texts(form: RuleForm) -> list[str]:
    names = [one.name for one in form.parameters]
    return [
        form.template.format(**dict(zip(names, chosen, strict=True)))
        for chosen in itertools.product(*map(values, form.parameters))
    ]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.template)
def test_what_a_form_writes_is_read_and_written_the_same(form: RuleForm) -> None:
    for text in texts(form):
        rule = parse_rule(text, "USD")
        assert rule_text(rule, "USD") == text
        assert [one.__struct_config__.tag for one in rule.all] == [form.kind]


@pytest.mark.parametrize(
    ("form", "parameter"),
    [(form, one) for form in FORMS for one in form.parameters if one.name != "amount"],
)
def test_what_lies_outside_is_refused(form: RuleForm, parameter: RuleParameter) -> None:
    given = {one.name: values(one)[0] for one in form.parameters}
    ends = parameter.choices or (parameter.least or 0, parameter.most or 0)
    for outside in (min(ends) - 1, max(ends) + 1):
        with pytest.raises(InvalidRuleError):
            parse_rule(form.template.format(**given | {parameter.name: str(outside)}), "USD")


def test_there_is_a_form_for_each_example() -> None:
    kinds = {parse_rule(text, "USD").all[0].__struct_config__.tag for text in EXAMPLES}
    assert {form.kind for form in FORMS} == kinds
    assert len(FORMS) == len(EXAMPLES)
