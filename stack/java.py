"""Find a Java that Kafka 4 and Elasticsearch 8 run on."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stack.versions import versions

QUICK_START: Final = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""Options of a JVM that ends soon: half the processor time until it is up, less of its best."""
LONG_RUN: Final = ("-XX:+UseG1GC",)
"""Options of a server that runs for days."""


@dataclass(frozen=True, slots=True)
class Java:
    """An installed Java runtime."""

    home: Path
    version: int

    @property
    def executable(self) -> Path:
        """The `java` command."""
        return self.home / "bin" / "java"


def describe_java(executable: Path) -> Java | None:
    """Ask a `java` command for its home and feature version; None if it does not answer."""
    try:
        answer = subprocess.run(
            [executable, "-XshowSettings:properties", "-version"],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        ).stderr
    except (OSError, subprocess.SubprocessError):
        return None
    home = re.search(r"^\s*java\.home = (.+)$", answer, re.MULTILINE)
    version = re.search(r"^\s*java\.specification\.version = (?:1\.)?(\d+)", answer, re.MULTILINE)
    return Java(Path(home[1].strip()), int(version[1])) if home and version else None


def find_java(
    environ: Mapping[str, str],
    describe: Callable[[Path], Java | None] = describe_java,
    installed: Sequence[Path] = (Path("/usr/lib/jvm"),),
) -> tuple[Java | None, Java | None]:
    """Return the first Java that is new enough, and the first too old one that was met.

    Looked for in KEEPER_JAVA_HOME, JAVA_HOME, on the PATH and among Debian's, whose folders are in
    `installed`.
    """
    too_old: Java | None = None
    for executable in _candidates(environ, installed):
        found = describe(executable)
        if found is not None and found.version >= versions().java_at_least:
            return found, too_old
        too_old = too_old or found
    return None, too_old


def _candidates(environ: Mapping[str, str], installed: Sequence[Path]) -> Iterator[Path]:
    for variable in ("KEEPER_JAVA_HOME", "JAVA_HOME"):
        if environ.get(variable):
            yield Path(environ[variable]) / "bin" / "java"
    on_path = shutil.which("java", path=environ.get("PATH", ""))
    if on_path:
        yield Path(on_path)
    for folder in installed:
        yield from sorted(folder.glob("*/bin/java"))
