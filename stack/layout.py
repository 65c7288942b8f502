"""Where everything the stack writes lies: one folder, `.keeper` unless set otherwise."""

import hashlib
import json
import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from stack.errors import StackError

REPOSITORY: Final = Path(__file__).resolve().parent.parent
# A socket's path may have 107 bytes (unix(7)); Supervisor binds "<path>.<pid>" first.
LONGEST_SOCKET_PATH: Final = 107 - len(".4194304")


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders and files of one stack.

    Attributes:
        home: The folder all of it lies in; two stacks on one machine have two homes.
        root: The checkout: DAGs, plugins, product and virtual environment.
    """

    home: Path
    root: Path = REPOSITORY

    @property
    def venv_bin(self) -> Path:
        """Where the commands of the virtual environment are."""
        return Path(sys.executable).parent

    @property
    def lib(self) -> Path:
        """Downloaded server software, shared by every home of this checkout."""
        return self.root / ".keeper" / "lib"

    @property
    def pages(self) -> Path:
        """The built pages of the browser, shared by every home of this checkout."""
        return self.root / "web" / "dist"

    @property
    def logs(self) -> Path:
        """One log file a program."""
        return self.home / "log"

    @property
    def run(self) -> Path:
        """Process ids, heartbeats and other facts about what runs now."""
        return self.home / "run"

    @property
    def tmp(self) -> Path:
        """Temporary files of the services."""
        return self.home / "tmp"

    @property
    def secrets(self) -> Path:
        """Generated passwords and keys; only the owner may read them."""
        return self.home / "secrets"

    @property
    def programs(self) -> Path:
        """What Supervisor starts: one JSON file a program."""
        return self.home / "programs"

    @property
    def lake(self) -> Path:
        """The raw responses and checked batches."""
        return self.home / "lake"

    @property
    def mail(self) -> Path:
        """What the mail catcher caught."""
        return self.home / "mail"

    @property
    def airflow_home(self) -> Path:
        """Airflow's own folder."""
        return self.home / "airflow"

    @property
    def supervisor_config(self) -> Path:
        """The generated configuration of Supervisor."""
        return self.home / "supervisord.conf"

    @property
    def env_file(self) -> Path:
        """The settings of the running stack, for a `keeper` started beside it."""
        return self.home / "keeper.env"

    @property
    def state_file(self) -> Path:
        """What must stay the same from one start to the next."""
        return self.home / "stack.json"

    def log_of(self, program: str) -> Path:
        """Return the log file of a program or of a one-off step."""
        return self.logs / f"{program}.log"

    def make_folders(self) -> None:
        """Create what every start needs.

        Raises:
            StackError: The folder belongs to someone else or cannot be written.
        """
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            # PostgreSQL, Kafka and Elasticsearch may run as another user below it.
            self.home.chmod(0o755)
            self.tmp.mkdir(exist_ok=True)
            self.tmp.chmod(0o1777)
            # Caught mail has signed links, logs and replies what people watch.
            for folder in (
                *(self.secrets, self.programs, self.mail),
                *(self.logs, self.run, self.lake, self.airflow_home),
            ):
                folder.mkdir(exist_ok=True)
                folder.chmod(0o700)
        except PermissionError as error:
            raise StackError(
                f"{self.home} cannot be written by this user ({error.strerror}); run the command "
                "as the user who made the folder, or remove it as that user with `make clean`."
            ) from None

    def read_state(self) -> dict[str, Any]:
        """Return what was remembered; empty before the first start."""
        try:
            state: dict[str, Any] = json.loads(self.state_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise StackError(
                f"{self.state_file} is damaged ({error}); `make clean` starts afresh."
            ) from None
        return state

    def remember(self, **facts: Any) -> None:
        """Add facts to what is remembered; the file is replaced whole or not at all."""
        write_private(self.state_file, json.dumps(self.read_state() | facts, indent=2) + "\n")


def write_private(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file that only its owner may read, replacing it whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
    fresh.replace(path)


def choose_socket_path(
    home: Path,
    environ: Mapping[str, str],
    temporary: Path = Path("/tmp"),  # noqa: S108
) -> Path:
    """Return where Supervisor's socket goes: in the home if its path is short enough.

    Otherwise it goes below XDG_RUNTIME_DIR, or else into a folder of this user's in /tmp, under a
    name made from the home, so that two stacks never meet.
    """
    inside = home / "run" / "supervisor.sock"
    if _fits(inside):
        return inside
    name = f"keeper-{hashlib.sha256(os.fsencode(home)).hexdigest()[:12]}"
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    if runtime and Path(runtime).is_dir() and os.access(runtime, os.W_OK):
        candidate = Path(runtime) / f"{name}.sock"
        if _fits(candidate):
            return candidate
    return temporary / f"keeper-{os.getuid()}" / f"{name}.sock"


def make_socket_folder(path: Path) -> None:
    """Create the socket's folder for this user alone.

    Raises:
        StackError: Somebody else made a folder of that name first.
    """
    folder = path.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise StackError(
            f"{folder} belongs to another user; remove it or set XDG_RUNTIME_DIR to a folder "
            "of your own."
        )


def _fits(path: Path) -> bool:
    return len(os.fsencode(path)) <= LONGEST_SOCKET_PATH
