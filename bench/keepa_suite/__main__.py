"""`python -m bench.keepa_suite CHECKOUT`: the suite's tests by name, and how many pass.

CHECKOUT is a working tree of github.com/akaszynski/keepa at 2a67d44, whose tests/test_interface.py
is run with the package beside it. Nothing leaves the machine.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from bench.keepa_suite.names import simulated_names
from bench.keepa_suite.plugin import NAMES_FILE, OUTCOMES_FILE, URL
from keeper.settings import SIMULATOR_KEY
from keeper.simulator.api.keepa_api import KeepaApi
from keeper.simulator.api.server import served
from keeper.simulator.api.token_bucket import TokenBucket
from keeper.simulator.products.catalogue import Catalogue

_REPOSITORY: Final = Path(__file__).parents[2]
_SUITE: Final = Path("tests", "test_interface.py")
_SEED: Final = 1
_PRODUCTS: Final = 12_000
_REFILL: Final = 10_000
"""More than the whole suite spends: it waits for no refill."""
_EXPECTED: Final = 30
_LIMIT_S: Final = 900

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def run(
    checkout: Annotated[Path, typer.Argument(exists=True, file_okay=False)],
    expected: Annotated[int, typer.Option(help="Fail when fewer pass.")] = _EXPECTED,
) -> None:
    """Run the suite and print each test with its outcome; those that do not pass with a reason."""
    api = KeepaApi(Catalogue(_SEED, _PRODUCTS), bucket=TokenBucket(_REFILL))
    names = simulated_names(api.catalogue, api.clock.minute())
    with tempfile.TemporaryDirectory() as folder, served(api) as url:
        outcomes = _run_suite(checkout.resolve(), Path(folder), url, names)
    for name, reason in outcomes.items():
        why = "" if reason is None else f": {reason.splitlines()[0]}"
        print(f"{'passed' if reason is None else 'failed'} {name}{why}")
    passed = sum(reason is None for reason in outcomes.values())
    print(f"{passed} of {len(outcomes)} passed")
    raise typer.Exit(0 if passed >= expected else 1)


def _run_suite(
    checkout: Path, folder: Path, url: str, names: Mapping[str, str]
) -> dict[str, str | None]:
    """Run pytest on the suite with settings of its own; by test, why it does not pass, or None."""
    settings, names_file, outcomes = (folder / name for name in ("pytest.ini", "names", "outcomes"))
    settings.write_text("[pytest]\n", "utf-8")
    names_file.write_text(json.dumps(names), "utf-8")
    outcomes.touch()
    paths = [checkout / "src", _REPOSITORY / "include", _REPOSITORY]
    options = ["-p", "bench.keepa_suite.plugin", "-p", "no:cacheprovider", "-c", str(settings)]
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options, str(checkout / _SUITE)],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "MPLBACKEND": "Agg",
            "KEEPAKEY": SIMULATOR_KEY,
            "WEAKKEEPAKEY": SIMULATOR_KEY,
            NAMES_FILE: str(names_file),
            OUTCOMES_FILE: str(outcomes),
            URL: url,
        },
        stdout=sys.stderr,
        timeout=_LIMIT_S,
        check=False,
    )
    return dict(json.loads(line) for line in outcomes.read_text("utf-8").splitlines())


if __name__ == "__main__":
    app(prog_name="python -m bench.keepa_suite")
