"""`make demo`: the main job from an empty folder to an alert in the mail, and the proof of it."""

import json
import secrets
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.console import Console

from keeper.orchestration.runs.names import run_name
from stack import operations, report
from stack.airflow_api import AirflowApi, TaskInstance
from stack.commands import last_lines
from stack.context import Stack
from stack.demo_proof import Findings, look_until_proved, watched_products
from stack.environment import product_environment
from stack.errors import InterruptedByUserError, StackError
from stack.given import catches_mail
from stack.product import keeper_output
from stack.progress import Progress
from stack.simulator_clock import held_clock, release_clock

DAG: Final = "track_prices"
_PRODUCTS: Final = 300
_LOCALES: Final = "us,de,jp"
_PARSE_TIMEOUT_S: Final = 120
_RUN_TIMEOUT_S: Final = 1800
_PROOF_TIMEOUT_S: Final = 60
_RUNS_ON: Final = (
    "The simulator's time runs from now on: its prices move, and track_prices checks them every "
    'six hours. At once: eval "$(.venv/bin/python -m stack env)"; airflow dags trigger '
    "track_prices"
)
_ENDED: Final = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


def run_demo(stack: Stack, console: Console, *, release: bool = True) -> None:
    """Start the stack, run `track_prices` on a demo watch list, prove and print what it did.

    Args:
        stack: The stack; its simulator's time stands meanwhile.
        console: Where to print.
        release: Let the simulator's time run afterwards, so that prices change and alert.

    Raises:
        StackError: Something did not work, or the proof failed; a sentence each.
        InterruptedByUserError: Ctrl-C; the stack goes on until `make down`.
    """
    began = time.monotonic()
    console.print("[bold]Starting the stack[/]")
    stack = operations.up(stack, (), console)
    up_after = time.monotonic() - began
    with held_clock(stack) if stack.uses_simulator else nullcontext():
        try:
            if stack.uses_simulator:
                console.print(f"\n[bold]Watch list[/]  {_add_watch_list(stack)}")
            elif not watched_products(stack):
                raise StackError(
                    "KEEPA_API_KEY is set, so the demo would check your own watch list with "
                    "your tokens, but it is empty; add to it with `keeper watch add`, or take the "
                    "key out to see the demo on simulated products."
                )
            run_began = time.monotonic()
            run_id = f"demo__{datetime.now(UTC):%Y%m%dT%H%M%S}_{secrets.token_hex(2)}"
            console.print(f"\n[bold]Running {DAG}[/]  {run_id}")
            with AirflowApi.of(stack) as api:
                dag = api.wait_for_dag(DAG, _PARSE_TIMEOUT_S)
                api.trigger(DAG, run_id, dag.due if dag.is_paused else None)
                if dag.is_paused:
                    api.unpause(DAG)
                state = _follow(api, run_id, console)
                if state != "success":
                    raise StackError(_why_failed(stack, api, run_id))
            run_seconds = time.monotonic() - run_began
            findings, missing = _prove(stack, run_name(DAG, run_id), console)
        except KeyboardInterrupt:
            raise InterruptedByUserError(
                "Interrupted; the stack and the run go on until `make down`."
            ) from None
        _print_findings(console, findings, stack, up_after, run_seconds)
        if missing:
            raise StackError("\n".join(["The demo did not do all it should:", *missing]))
    if stack.uses_simulator and release:
        release_clock(stack)
        console.print(f"\n{_RUNS_ON}", highlight=False, soft_wrap=True)
    console.print("\n[bold]Where to look[/]")
    report.print_urls(console, stack)
    _print_way_in(console, stack)
    console.print("\n`make down` ends the stack, `make demo` runs it again.")


def _add_watch_list(stack: Stack) -> str:
    file = stack.layout.home / "demo-watch-list.csv"
    arguments = ("--watch-list", str(_PRODUCTS), "--locales", _LOCALES, "--at", stack.simulator_at)
    file.write_text(keeper_output(stack, "simulate-keepa", *arguments), encoding="utf-8")
    return keeper_output(stack, "watch", "import", str(file)).strip()


def _follow(api: AirflowApi, run_id: str, console: Console) -> str:
    """Show the run's tasks until it has ended, and return its state."""
    order = api.task_order(DAG)
    progress = Progress(console, {task: task for task in order})
    deadline = time.monotonic() + _RUN_TIMEOUT_S
    begun: set[str] = set()
    ended: set[str] = set()
    reported_waiting = False
    with progress.shown():
        while True:
            state = api.run_state(DAG, run_id)
            instances = api.task_instances(DAG, run_id)
            for task in order:
                own = [i for i in instances if i.task_id == task]
                if task not in ended:
                    _show_task(progress, task, own, begun, ended)
            if state in {"success", "failed"}:
                return state
            if state == "queued" and not reported_waiting:
                others = api.other_active_runs(DAG, run_id)
                if others:
                    reported_waiting = True
                    progress.record(order[0], f"waits for the run {others[0]} to end")
            if time.monotonic() > deadline:
                raise StackError(
                    f"The run {run_id} has not ended within {_RUN_TIMEOUT_S // 60} min; it goes "
                    "on, look at it in Airflow (`make urls`)."
                )
            time.sleep(0.7)


def _show_task(
    progress: Progress,
    task: str,
    own: Sequence[TaskInstance],
    begun: set[str],
    ended: set[str],
) -> None:
    active = [i for i in own if i.state not in {None, "scheduled"}]
    if not active:
        return
    if task not in begun:
        begun.add(task)
        progress.begin(task)
    states = Counter(i.state for i in own)
    done = sum(count for state, count in states.items() if state in _ENDED)
    if done < len(own):
        now = [f"{count} {state or 'waiting'}" for state, count in states.items()]
        retried = sum(i.tries > 1 for i in own)
        progress.record(task, ", ".join(now) + (f" ({retried} tried again)" if retried else ""))
        return
    ended.add(task)
    mapped = f"{len(own)} batches" if own[0].map_index >= 0 else ""
    if states["failed"] or states["upstream_failed"]:
        progress.end(task, "failed", ", ".join(f"{n} {state}" for state, n in states.items()))
    elif states["success"]:
        progress.end(task, "done", mapped)
    else:
        progress.end(task, "skipped", "skipped")


def _why_failed(stack: Stack, api: AirflowApi, run_id: str) -> str:
    order = api.task_order(DAG)
    failed = [i for i in api.task_instances(DAG, run_id) if i.state == "failed"]
    failed.sort(key=lambda i: order.index(i.task_id) if i.task_id in order else len(order))
    lines = [f"The run {run_id} failed."]
    for instance in failed[:2]:
        folder = stack.layout.airflow_home / "logs" / f"dag_id={DAG}" / f"run_id={run_id}"
        folder /= f"task_id={instance.task_id}"
        if instance.map_index >= 0:
            folder /= f"map_index={instance.map_index}"
        log = folder / f"attempt={instance.tries}.log"
        lines.append(f"Task {instance.task_id}, attempt {instance.tries}:")
        lines += [f"  | {line[:240]}" for line in errors_in(log)]
        lines.append(f"  Log: {log}")
    return "\n".join(lines)


def errors_in(log: Path) -> list[str]:
    """Return the errors of an Airflow task log, which is a JSON object a line."""
    found = []
    for line in last_lines(log, 500):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("level") in {"error", "critical"}:
            found.append(str(entry.get("event", "")))
            details = entry.get("error_detail") or []
            found += [f"{detail['exc_type']}: {detail['exc_value']}" for detail in details]
    return found[-10:]


def _prove(stack: Stack, run_id: str, console: Console) -> tuple[Findings, list[str]]:
    title = "looking into PostgreSQL, Elasticsearch, mail"
    progress = Progress(console, {"proof": title})
    with progress.shown():
        progress.begin("proof")
        findings, missing = look_until_proved(
            stack, run_id, _PROOF_TIMEOUT_S, lambda what: progress.record("proof", what)
        )
        progress.end("proof", "failed" if missing else "done", "")
    return findings, missing


def _asked(detail: str) -> str:
    return {
        "basic": "asked for plainly",
        "buy_box": "with their buy box",
        "offers": "with their offers",
    }[detail]


def _print_way_in(console: Console, stack: Stack) -> None:
    """Print a link by which the reader of the watch list signs in."""
    address = product_environment(stack).get("KEEPER_USER_EMAIL")
    # In a file of secrets only the product itself reads it.
    if address is not None:
        link = keeper_output(stack, "console", "login", address).strip()
        console.print(f"\n[bold]Sign in[/] as {address}, once, within 15 minutes:")
        console.print(link, highlight=False, soft_wrap=True)


def _print_findings(
    console: Console, found: Findings, stack: Stack, up_seconds: float, run_seconds: float
) -> None:
    run = found.run
    mails = sum(count for alert, count in found.mails.items() if alert is not None)
    mailed = sum(1 for alert, _ in found.new_alerts if found.mails.get(alert))
    sent = sum(1 for _, status in found.new_alerts if status == "SENT")
    alerts = f"{len(found.new_alerts)} raised, {mailed} mailed"
    if not catches_mail(stack.layout, stack.environ):
        alerts = f"{len(found.new_alerts)} raised, {sent} sent by your mail server"
    if not found.new_alerts and found.alerts:
        alerts += f" (nothing has changed; {mails} mails of earlier runs, none twice)"
    rows = [
        (
            "products",
            f"{run['products_fetched']} checked of {found.watched} watched in "
            f"{found.locales} locales, {run['products_missing']} unknown to Keepa",
        ),
        ("tokens", f"{run['tokens_spent']} spent, {run['tokens_left']} left"),
        ("bill", ", ".join(f"{n} products {_asked(d)} for {t}" for d, n, t in found.bill)),
        ("records", f"{run['records_checked']} checked, {run['records_quarantined']} quarantined"),
        (
            "price points",
            f"{run['points_stored']} new, {run['history_stored']} older, {found.points} in "
            f"PostgreSQL ({run['events_published'] + run['history_published']} through Kafka)",
        ),
        ("documents", f"{found.documents} in Elasticsearch"),
        ("alerts", alerts),
        ("seconds", f"{up_seconds:.0f} until the stack was up, {run_seconds:.0f} for the run"),
    ]
    if stack.uses_simulator:
        rows.append(("source", "the Keepa simulator: these prices are not Amazon's"))
    console.print("\n[bold]What happened[/]")
    for name, value in rows:
        console.print(f"{name:<14} {value}", highlight=False, soft_wrap=True)
