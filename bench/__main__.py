"""`python -m bench [name ...]`: lines `name value` on stdout, all else on stderr."""

import json
import sys
import traceback
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bench.local_stack import LocalStack, StackUnavailableError
from bench.registry import Run, SkippedError, Values, all_benchmarks

ROUNDS = 7
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def _say(name: str, text: str) -> None:
    print(f"# {name}: {text}", file=sys.stderr, flush=True)


@app.command(name="bench")
def run(
    names: Annotated[
        list[str] | None, typer.Argument(help="Which; without, all that fetch nothing.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Only name them.")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the values there too.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each comparison.")] = ROUNDS,
    peers: Annotated[
        bool, typer.Option("--peers", help="Those too that fetch other systems: about 600 MB.")
    ] = False,
    quick: Annotated[bool, typer.Option(help="One small round: does it work at all?")] = False,
) -> None:
    """Run Keeper's benchmarks; no figure makes them fail, only a benchmark that does not work."""
    known = all_benchmarks()
    if listed:
        for one in known.values():
            print(f"{one.name:<24} {one.summary}")
        return
    wrong = [name for name in names or () if name not in known]
    if wrong:
        raise typer.BadParameter(f"no benchmark {', '.join(wrong)}; there are {', '.join(known)}")
    values: Values = {}
    broken = False
    with LocalStack() as stack:
        for name in names or [one.name for one in known.values() if peers or not one.fetches]:
            how = Run(1 if quick else rounds, quick, stack, partial(_say, name))
            try:
                measured = known[name].measure(how)
            except (SkippedError, StackUnavailableError) as error:
                how.say(f"skipped: {error}")
                continue
            except Exception:  # noqa: BLE001 - the others still run
                how.say(f"broken\n{traceback.format_exc()}")
                broken = True
                continue
            for key, value in measured.items():
                print(key, round(value, 3))
            sys.stdout.flush()
            values |= measured
    if json_file is not None:
        json_file.write_text(json.dumps(values, indent=2) + "\n", "utf-8")
    raise typer.Exit(1 if broken else 0)


if __name__ == "__main__":
    app(prog_name="python -m bench")
