"""docs/DAGS.md, made from the DAGs themselves by `make dags`."""

import json
import re
import sys
from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, TriggerRule
from cron_descriptor import ExpressionDescriptor, Options

from keeper.orchestration.airflow.defaults import Rank

_INTRODUCTION: Final = """\
# The DAGs

<!-- Made by `make dags` from the DAGs and their docstrings; change those. -->

This page says what runs in Airflow and when, with which parameters, what it reads and writes, and
what to do when it fails. Airflow shows the same texts on each DAG's page. The trigger dialog asks
for the parameters; by API they are `conf`, and on the command line:

```sh
airflow dags trigger track_prices --conf '{"asins": ["B000000001"], "dry_run": true}'
```

When workers or places in a pool are short, tasks of the higher rank run first:
{ranks}. Airflow retries a task only after a transient error; an error
that the same input would give again fails it at once. Each run ends with one line that says what it
did: in the log of its last task, and beside that task's result as the XCom `summary`.
`KEEPER_OPERATOR_EMAIL` is notified of a run that fails, or that has not ended in time.

Every table, topic and index is an asset: Airflow's asset graph shows which task reads and writes
it. The task that has waited for the side workers reports what they load. A few tables that no
DAG touches are named with the reason in `keeper/orchestration/airflow/assets.py`.

"""
_RULES: Final = {
    TriggerRule.ALL_SUCCESS: "",
    TriggerRule.ALL_DONE: "runs whether or not those before it failed",
}
_HEAD: Final = re.compile(r"^### (?P<head>.+)$", re.MULTILINE)


def page(dags: Iterable[DAG]) -> str:
    """Return the page on these DAGs."""
    every = sorted(dags, key=lambda dag: dag.dag_id)
    ranks = ", ".join(f"{rank.name.lower()} {rank.value}" for rank in Rank)
    rows = "".join(
        f"| [{dag.dag_id}](#{dag.dag_id}) | {_schedule(dag)} | {_first_sentence(dag)} |\n"
        for dag in every
    )
    contents = f"| DAG | runs | |\n|---|---|---|\n{rows}"
    return _INTRODUCTION.replace("{ranks}", ranks) + contents + "".join(map(_section, every))


def dags_below(folder: Path) -> list[DAG]:
    """Read the DAG files of a folder.

    Raises:
        ValueError: One cannot be read; says why.
    """
    bag = DagBag(str(folder))
    if bag.import_errors:
        raise ValueError("\n".join(f"{file}: {text}" for file, text in bag.import_errors.items()))
    return list(bag.dags.values())


def _section(dag: DAG) -> str:
    return (
        f"\n## {dag.dag_id}\n\n{_facts(dag)}\n{(dag.doc_md or '').strip()}\n\n"
        f"{_choices(dag)}### Tasks\n\n{_graph(dag)}\n{_tasks(dag)}"
    )


def _facts(dag: DAG) -> str:
    # Of the forms they are given in, Airflow keeps one.
    deadlines: Any = dag.deadline or ()
    late = next((timedelta(seconds=alert.interval) for alert in deadlines), None)
    allowed: Any = dag.allowed_run_types
    refused = allowed is not None and "backfill" not in {kind.value for kind in allowed}
    backfill = refused or not dag.timetable.can_be_scheduled
    facts = {
        "Runs": _schedule(dag),
        "At once": f"{dag.max_active_runs} run{'s' if dag.max_active_runs > 1 else ''}",
        "Late after": _duration(late),
        "Given up after": _duration(dag.dagrun_timeout),
        "Rank": str(max(task.priority_weight for task in dag.tasks)),
        "`airflow backfill create`": "refused" if backfill else "a run for each past interval",
        "Tags": ", ".join(sorted(dag.tags)),
    }
    return "| | |\n|---|---|\n" + "".join(f"| {name} | {text} |\n" for name, text in facts.items())


def _schedule(dag: DAG) -> str:
    # A timetable that starts on assets too has the other one inside.
    timetable = getattr(dag.timetable, "timetable", dag.timetable)
    expression = getattr(timetable, "expression", None)
    if expression is None:
        return "when triggered"
    options = Options()
    options.use_24hour_time_format = True
    words = ExpressionDescriptor(expression, options).get_description()
    condition: Any = getattr(dag.timetable, "asset_condition", None)
    assets = [] if condition is None else [asset.name for asset in condition.objects]
    also = f", and on events of `{'`, `'.join(assets)}`" if assets else ""
    return f"{words[0].lower()}{words[1:]} UTC (`{expression}`){also}"


def _first_sentence(dag: DAG) -> str:
    what = " ".join(_HEAD.split(dag.doc_md or "")[2].split())
    # "Every six hours: asks Keepa …" has a column for the first part.
    what = re.sub(r"^Every [^:.]*: ", "", what)
    sentence = re.split(r"[.:](?: |$)", what, maxsplit=1)[0]
    return sentence[0].upper() + sentence[1:]


def _choices(dag: DAG) -> str:
    rows = []
    for name in dag.params:
        param = dag.params.get_param(name)
        says = ". ".join(
            text.rstrip(".") for text in (param.schema.get("title"), param.description) if text
        )
        rows.append(
            f"| `{name}` | {_type(param.schema)} | `{json.dumps(param.value)}` | {says} |\n"
        )
    if not rows:
        return ""
    return (
        "### Defaults\n\n| param | may be | default | |\n|---|---|---|---|\n" + "".join(rows) + "\n"
    )


def _type(schema: dict[str, Any]) -> str:
    kinds = schema.get("type", "anything")
    words = [kinds] if isinstance(kinds, str) else [kind for kind in kinds if kind != "null"]
    text = " or ".join(words)
    if text == "array":
        items = schema.get("items", {})
        return (
            f"list of {', '.join(items['enum'])}" if "enum" in items else "list of " + _type(items)
        )
    limits = {
        "minimum": "at least {}",
        "exclusiveMinimum": "more than {}",
        "maximum": "at most {}",
        "format": "{}",
        "pattern": "like `{}`",
    }
    limits_said = [says.format(schema[name]) for name, says in limits.items() if name in schema]
    if isinstance(kinds, list) and "null" in kinds:
        limits_said.append("or nothing")
    return ", ".join([text, *limits_said])


def _graph(dag: DAG) -> str:
    lines = ["flowchart LR"]
    groups: dict[str, list[str]] = {}
    for task in dag.tasks:
        group, _, name = task.task_id.rpartition(".")
        groups.setdefault(group, []).append(f"{_node(task.task_id)}[{name}]")
    for group, nodes in groups.items():
        inside = "    " if group else "  "
        lines += [f"  subgraph {group}"] if group else []
        lines += [inside + node for node in nodes]
        lines += ["  end"] if group else []
    lines += [
        f"  {_node(task.task_id)} --> {_node(after)}"
        for task in dag.tasks
        for after in sorted(task.downstream_task_ids)
    ]
    return "```mermaid\n" + "\n".join(lines) + "\n```\n"


def _node(task_id: str) -> str:
    # `end` and its like are words of the diagrams' language.
    return f"t_{task_id.replace('.', '_')}"


def _tasks(dag: DAG) -> str:
    head = "| task | reads | writes | pool | retries | time | |\n|---|---|---|---|---|---|---|\n"
    return head + "".join(map(_row, dag.topological_sort()))


def _row(task: Any) -> str:
    notes = [_RULES[task.trigger_rule]]
    if template := getattr(task, "map_index_template", None):
        notes.insert(0, f"one for each batch, called `{template}`")
    cells = (
        f"`{task.task_id}`",
        _names(task.inlets),
        _names(task.outlets),
        "" if task.pool == "default_pool" else task.pool,
        str(task.retries),
        _duration(task.execution_timeout),
        "; ".join(filter(None, notes)),
    )
    return "| " + " | ".join(cells) + " |\n"


def _names(assets: Collection[Any]) -> str:
    return ", ".join(f"`{asset.name}`" for asset in assets)


def _duration(span: timedelta | None) -> str:
    return "–" if span is None else " ".join(_units(span))


def _units(span: timedelta) -> Iterator[str]:
    minutes = int(span.total_seconds() // 60)
    for size, unit in ((24 * 60, "d"), (60, "h"), (1, "min")):
        if count := minutes // size:
            yield f"{count} {unit}"
        minutes %= size


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(page(dags_below(Path(sys.argv[1]))), "utf-8")
