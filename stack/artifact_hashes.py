"""Write `artifacts.sha512` after a change of versions: `make hashes`, on a machine with Maven.

The file is in the format of `sha512sum`, its paths are those in a Maven repository.
"""

import hashlib
import sys
import tempfile
from pathlib import Path

from stack.artifacts import run_maven
from stack.layout import REPOSITORY, Layout

_HEAD = "# What the local stack fetches. Written by `make hashes` from stack/versions.toml.\n"


def hashes_of(repository: Path) -> str:
    """Return the file's text for all files of a folder laid out as a Maven repository."""
    files = sorted(path for path in repository.rglob("*") if path.suffix in {".jar", ".zip"})
    return _HEAD + "".join(
        f"{hashlib.sha512(file.read_bytes()).hexdigest()}  {file.relative_to(repository)}\n"
        for file in files
    )


def main(target: Path) -> None:
    """Fetch everything with Maven and write the file."""
    layout = Layout(REPOSITORY / ".keeper")
    layout.make_folders()
    with tempfile.TemporaryDirectory() as staging:
        downloads = Path(staging) / "downloads"
        run_maven(
            layout,
            Path(staging),
            "mvn",
            **{"outputDirectory": str(downloads), "mdep.useRepositoryLayout": "true"},
        )
        target.write_text(hashes_of(downloads), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
