"""A system of the compose files, brought up and taken down by them."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from stack.commands import run_logged
from stack.docker.engine import Engine
from stack.errors import StackError
from stack.layout import REPOSITORY

LEFT_OUT: Final = frozenset({"kibana", "kibana-setup"})
"""Nothing can stand in for Kibana, and but for its set-up nothing depends on it."""
LAPTOP: Final = ("docker-compose.yaml", "docker-compose.dev.yaml")
PRODUCTION: Final = ("docker-compose.yaml", "docker-compose.prod.yaml")
_UP_TIMEOUT_S: Final = 1800


@dataclass(frozen=True, slots=True)
class ComposedSystem:
    """A project of the compose files.

    Attributes:
        engine: Where it runs.
        compose: Docker Compose's command.
        project: Its name, which all it makes begins with.
        env_file: The variables, as `.env` has them.
        files: The compose files it is made of.
    """

    engine: Engine
    compose: Sequence[str]
    project: str
    env_file: Path
    files: Sequence[str] = LAPTOP

    def services(self) -> dict[str, dict[str, Any]]:
        """Return the services as Compose reads the files, but for those left out."""
        found: dict[str, dict[str, Any]] = json.loads(self.output("config", "--format", "json"))[
            "services"
        ]
        return {name: service for name, service in found.items() if name not in LEFT_OUT}

    def up(self) -> None:
        """Build what is to be built, start everything and wait until it is healthy.

        Raises:
            StackError: Something did not become healthy in time; with Compose's last lines.
        """
        command = self._command("up", "--build", "--detach", "--wait", *sorted(self.services()))
        run_logged(
            "docker compose up",
            command,
            log=self.engine.layout.log_of("compose"),
            env=self.engine.environment,
            cwd=REPOSITORY,
            timeout=_UP_TIMEOUT_S,
        )

    def keeper(self, *words: str, stdin: str | None = None) -> str:
        """Run the product's command in a container and return what it prints."""
        return self.output("exec", "--no-TTY", "consume-prices", "keeper", *words, stdin=stdin)

    def output(self, *words: str, stdin: str | None = None, timeout: float = 300) -> str:
        """Return what a command of Compose prints.

        Raises:
            StackError: It failed; with what it said.
        """
        done = subprocess.run(
            self._command(*words),
            env=self.engine.environment,
            cwd=REPOSITORY,
            input=stdin if stdin is not None else "",
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode:
            raise StackError(f"docker compose {' '.join(words)} failed: {done.stderr.strip()}")
        return done.stdout

    def down(self) -> None:
        """End everything and remove what it made: containers, networks, volumes, its image."""
        words = ("down", "--volumes", "--remove-orphans", "--timeout", "60")
        run_logged(
            "docker compose down",
            # Of whichever profile was started.
            self._command("--profile", "*", *words),
            log=self.engine.layout.log_of("compose"),
            env=self.engine.environment,
            cwd=REPOSITORY,
        )

    def leftovers(self) -> list[str]:
        """Return what is left of the project in the engine."""
        label = f"label=com.docker.compose.project={self.project}"
        asked = {
            "container": ("ps", "--all"),
            "network": ("network", "ls"),
            "volume": ("volume", "ls"),
        }
        return [
            f"{kind} {name}"
            for kind, words in asked.items()
            for name in self.engine.output(*words, "--quiet", "--filter", label).split()
        ]

    def _command(self, *words: str) -> list[str]:
        return [
            *self.compose,
            *("--project-name", self.project),
            *("--env-file", str(self.env_file)),
            *(word for name in self.files for word in ("--file", str(REPOSITORY / name))),
            *words,
        ]
