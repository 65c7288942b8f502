"""Start services and do steps in the order of their needs, as much at once as possible."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Final

from rich.console import Console

from stack.commands import tail
from stack.errors import InterruptedByUserError, StackError
from stack.layout import Layout
from stack.programs import forget_program, write_program
from stack.progress import Progress
from stack.services import Service, Step, missing_for_health
from stack.supervisor import RUNNING, Supervisor

_POLL_S: Final = 0.3
# A program that has died this often while it was waited for will not recover.
_DEATHS: Final = 3


def start_in_order(
    layout: Layout,
    supervisor: Supervisor,
    console: Console,
    services: Sequence[Service],
    steps: Sequence[Step],
    leave_out: Sequence[str] = (),
) -> None:
    """Bring services up and wait until each answers its health probe; running ones stay as is.

    Args:
        layout: The home.
        supervisor: Its Supervisor; started if it does not run.
        console: Where to show progress.
        services: What to start.
        steps: What to do once, before the services that need it.
        leave_out: Programs this stack must not run any more.

    Raises:
        StackError: Something failed; what depends on it was not started, the rest keeps running.
        InterruptedByUserError: Ctrl-C.
    """
    for service in services:
        write_program(layout, service.program)
    for name in leave_out:
        forget_program(layout, name)
    supervisor.start()
    supervisor.apply()
    starter = _Starter(supervisor, layout)
    actions: dict[str, tuple[frozenset[str], Callable[[Progress], str]]] = {}
    titles: dict[str, str] = {}
    for step in steps:
        titles[step.name] = step.title
        actions[step.name] = (step.needs, lambda _, step=step: step.action())  # type: ignore[misc]
    for service in services:
        titles[service.name] = service.title
        actions[service.name] = (
            service.needs,
            lambda progress, service=service: starter.start(service, progress),  # type: ignore[misc]
        )
    progress = Progress(console, titles)
    with progress.shown():
        problems = run_all(actions, progress, starter.cancelled)
    if problems:
        raise StackError("\n".join(problems))


class _Starter:
    """Starts one service and waits for its health."""

    def __init__(self, supervisor: Supervisor, layout: Layout) -> None:
        self._supervisor = supervisor
        self._layout = layout
        self.cancelled = threading.Event()

    def start(self, service: Service, progress: Progress) -> str:
        name = service.name
        if self._supervisor.state_of(name).state == RUNNING:
            already = True
        else:
            already = False
            progress.record(name, "preparing")
            service.prepare()
            self._supervisor.start_program(name)
        deadline = time.monotonic() + service.timeout
        pids: set[int] = set()
        while True:
            state = self._supervisor.state_of(name)
            if state.pid:
                pids.add(state.pid)
            if state.state == "FATAL" or len(pids) > _DEATHS:
                raise StackError(
                    f"{service.title} does not stay up.\n{tail(self._layout.log_of(name))}"
                )
            missing = "the process to stay up"
            if state.state == RUNNING:
                missing = missing_for_health(service, state.started) or ""
                if not missing:
                    return "ran already" if already else ""
            progress.record(name, f"waiting for: {missing}")
            if time.monotonic() > deadline:
                raise StackError(
                    f"{service.title} was not healthy after {service.timeout:.0f} s ({missing}).\n"
                    f"{tail(self._layout.log_of(name))}"
                )
            if self.cancelled.wait(_POLL_S):
                raise InterruptedByUserError("interrupted")


def run_all(
    actions: dict[str, tuple[frozenset[str], Callable[[Progress], str]]],
    progress: Progress,
    cancelled: threading.Event,
) -> list[str]:
    """Run every action once its needs are met; return what went wrong, one text a failure."""
    waiting = dict(actions)
    running: dict[Future[str], str] = {}
    done: set[str] = set()
    broken: set[str] = set()
    problems: list[str] = []
    pool = ThreadPoolExecutor(max_workers=len(actions), thread_name_prefix="start")
    try:
        while waiting or running:
            for name, (needs, action) in list(waiting.items()):
                required = needs & actions.keys()
                if required & broken:
                    del waiting[name]
                    broken.add(name)
                    progress.end(name, "skipped", "not started")
                elif required <= done:
                    del waiting[name]
                    progress.begin(name)
                    running[pool.submit(action, progress)] = name
            if not running:
                continue
            finished, _ = wait(running, timeout=1, return_when=FIRST_COMPLETED)
            for future in finished:
                name = running.pop(future)
                try:
                    remark = future.result()
                # The others go on; whatever it was, it is reported at the end.
                except Exception as error:  # noqa: BLE001
                    problem = str(error)
                    if not isinstance(error, StackError):
                        problem = f"{name}: {type(error).__name__}: {error}"
                    broken.add(name)
                    problems.append(problem)
                    progress.end(name, "failed", problem.splitlines()[0])
                else:
                    done.add(name)
                    progress.end(name, "done", remark)
    except KeyboardInterrupt:
        raise InterruptedByUserError(
            "Interrupted; what was started keeps running until `make down`."
        ) from None
    finally:
        cancelled.set()
        pool.shutdown(wait=False, cancel_futures=True)
    return problems
