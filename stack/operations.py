"""What the commands do: check, up, down, clean."""

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext

from rich.console import Console

from stack import catalogue, observing, preflight
from stack.context import Stack, load_stack
from stack.debian_java import unpack_java
from stack.environment import write_env_file
from stack.errors import NotReadyError, StackError
from stack.layout import Layout
from stack.locks import only_one
from stack.preflight import Machine
from stack.product import unwanted_workers
from stack.services import Service, Step
from stack.startup import start_in_order
from stack.supervisor import RUNNING, Supervisor

_JAVA_SERVICES = frozenset({"kafka", "elasticsearch"})


@contextmanager
def only_command(layout: Layout, console: Console) -> Iterator[None]:
    """Hold the home's lock, so that two commands never start or end the same stack at once."""
    layout.run.mkdir(parents=True, exist_ok=True)
    waiting = f"Waiting for another command that works on {layout.home} …"
    with only_one(layout.run / "stack.lock", lambda: console.print(waiting)):
        yield


def check(stack: Stack, only: Sequence[str], console: Console) -> Stack:
    """Look whether everything needed is there; install what is missing, unless that is forbidden.

    Returns:
        The stack, gathered anew if something was installed.

    Raises:
        NotReadyError: Something is missing; a sentence each.
    """
    names = catalogue.names_of(stack, only)
    machine = Machine()
    needs_java = bool(names & _JAVA_SERVICES)
    packages = preflight.missing_packages(stack, machine) if needs_java else []
    if packages and preflight.may_install(stack.environ, machine):
        preflight.install(packages, console.print)
        stack = load_stack(stack.layout, stack.environ)
    if needs_java and not stack.java and preflight.may_unpack_java(stack.environ, machine):
        package = machine.distribution.java_package
        console.print(
            f"Unpacking {package} below {stack.layout.lib} ({preflight.INSTALL}=0 stops instead)"
        )
        unpack_java(stack.layout, package)
        stack = load_stack(stack.layout, stack.environ)
    # Without Java the services that need it cannot even be described.
    buildable = names if stack.java else names - _JAVA_SERVICES
    services, _ = catalogue.build(stack, buildable)
    states = Supervisor(stack.layout, stack.environ).states()
    to_start = [s for s in services if s.name not in states or states[s.name].state != RUNNING]
    problems = preflight.problems_of(stack, needs_java, to_start, machine)
    if problems:
        raise NotReadyError(problems)
    return stack


def up(stack: Stack, only: Sequence[str], console: Console) -> Stack:
    """Bring the stack up, or the groups of it in `only`; what runs already stays as it is.

    Returns:
        The stack as it runs.

    Raises:
        NotReadyError: Something is missing; nothing was started.
        StackError: Something did not come up.
    """
    supervisor = Supervisor(stack.layout, stack.environ)
    with only_command(stack.layout, console):
        supervisor.end_strays()
        stack = check(stack, only, console)
        services, steps = build(stack, only)
        write_env_file(stack)
        used = {
            "simulator": stack.uses_simulator,
            "redis": stack.uses_redis,
            "prometheus": stack.is_observed,
            **dict.fromkeys(observing.names(stack), stack.is_observed),
        }
        leave_out = [name for name, is_used in used.items() if not is_used]
        leave_out += sorted(unwanted_workers(stack))
        start_in_order(stack.layout, supervisor, console, services, steps, leave_out)
    return stack


def build(stack: Stack, only: Sequence[str]) -> tuple[list[Service], list[Step]]:
    """Return the services and steps of the groups in `only`."""
    return catalogue.build(stack, catalogue.names_of(stack, only))


def stop(
    layout: Layout, environ: Mapping[str, str], names: Sequence[str], console: Console
) -> None:
    """End some programs; what uses them waits.

    Raises:
        StackError: One of them is no program of the stack that runs.
    """
    supervisor = Supervisor(layout, environ)
    known = supervisor.states()
    for name in names:
        if name not in known:
            there_are = ", ".join(sorted(known)) or "nothing"
            raise StackError(f"There is no program {name!r}; what runs is {there_are}.")
    with only_command(layout, console):
        for name in names:
            supervisor.stop_program(name)
            console.print(f"{name} has stopped; make up starts it again.", highlight=False)


def down(layout: Layout, environ: Mapping[str, str], console: Console) -> None:
    """End everything that runs in a home; nothing survives, even if Supervisor has died."""
    if not layout.home.is_dir():
        console.print("Nothing runs: there is no stack yet.")
        return
    began = time.monotonic()
    with only_command(layout, console):
        status = console.status("Stopping") if console.is_terminal else nullcontext()
        with status as spinner:

            def show(names: list[str]) -> None:
                if spinner is not None and names:
                    spinner.update(f"Stopping: {', '.join(names)}")

            Supervisor(layout, environ).shut_down(show)
    console.print(f"Everything has stopped ({time.monotonic() - began:.1f} s).", highlight=False)


def clean(layout: Layout, environ: Mapping[str, str], console: Console) -> None:
    """End everything and remove the home with all data.

    Raises:
        StackError: The folder does not look like one of the stack's.
    """
    if not layout.home.is_dir():
        console.print("Nothing to remove.")
        return
    own = layout.home == layout.root / ".keeper"
    if not own and not layout.state_file.is_file():
        raise StackError(f"{layout.home} holds no Keeper stack; remove it by hand if you mean it.")
    # Test stacks have their homes inside this one.
    for nested in sorted(layout.home.glob("*/stack.json")):
        down(Layout(nested.parent, layout.root), environ, console)
    down(layout, environ, console)
    shutil.rmtree(layout.home)
    console.print(f"Removed {layout.home}.", highlight=False, soft_wrap=True)
