"""Fetch Kafka and Elasticsearch from a Maven repository, once a version, checked by hash."""

import os
import pwd
import shutil
import zipfile
from pathlib import Path

from stack.commands import run_logged
from stack.errors import StackError
from stack.layout import Layout
from stack.locks import only_one
from stack.maven import MavenRepository, download, verify_hashes
from stack.versions import versions

_POM = Path(__file__).with_name("config") / "maven.pom.xml"
_HASHES = Path(__file__).with_name("artifacts.sha512")


def kafka_folder(layout: Layout) -> Path:
    """Where Kafka's jars are; it exists only once they are complete."""
    return layout.lib / f"kafka-{versions().kafka}"


def elasticsearch_folder(layout: Layout) -> Path:
    """Where Elasticsearch is unpacked; it exists only once it is complete."""
    return layout.lib / f"elasticsearch-{versions().elasticsearch}"


def artifacts_present(layout: Layout) -> bool:
    """Return whether nothing has to be fetched."""
    return kafka_folder(layout).is_dir() and elasticsearch_folder(layout).is_dir()


def known_hashes() -> dict[str, str]:
    """Return the SHA-512 of every file, in hexadecimal, by its path in a Maven repository."""
    lines = _HASHES.read_text(encoding="utf-8").splitlines()
    pairs = (line.split() for line in lines if not line.startswith("#"))
    return {path: sha512 for sha512, path in pairs}


def fetch_artifacts(
    layout: Layout, maven: str = "mvn", repository: MavenRepository | None = None
) -> None:
    """Fetch what is missing; a fetch that was cut short leaves nothing that counts as done.

    Blocks while another process fetches into the same folder.

    Args:
        layout: Where it goes.
        maven: The command that fetches, unless there is a repository.
        repository: Where it is fetched from without Maven.

    Raises:
        StackError: A file could not be fetched or is not what its hash says.
    """
    if artifacts_present(layout):
        return
    layout.lib.mkdir(parents=True, exist_ok=True)
    for folder in (layout.lib.parent, layout.lib):
        folder.chmod(0o755)
    with only_one(layout.lib / ".lock"):
        if artifacts_present(layout):
            return
        staging = layout.lib / ".staging"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
        try:
            downloads = staging / "downloads"
            if repository is None:
                run_maven(layout, staging, maven, outputDirectory=str(downloads))
                verify_hashes(downloads, known_hashes())
            else:
                downloads.mkdir()
                download(repository, known_hashes(), downloads)
            _unpack(layout, staging, downloads)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def run_maven(layout: Layout, staging: Path, maven: str, **options: str) -> None:
    """Let Maven copy the files; `options` are those of its goal `dependency:copy-dependencies`.

    Raises:
        StackError: Maven failed; with its last lines.
    """
    wanted = versions()
    properties = {
        "kafka.version": wanted.kafka,
        "scala.version": wanted.scala,
        "slf4j.version": wanted.slf4j,
        "elasticsearch.version": wanted.elasticsearch,
        "maven_dependency_plugin.version": wanted.maven_dependency_plugin,
        "style.color": "never",
    } | options
    if not _maven_has_a_home():
        properties["maven.repo.local"] = str(layout.lib / ".m2")
    # Copied, because Maven would look for a `target` folder beside the file.
    pom = shutil.copy(_POM, staging / "pom.xml")
    try:
        run_logged(
            "Fetching Kafka and Elasticsearch with Maven",
            # Without the option Maven takes a file whose checksum is wrong, and only warns.
            [maven, "--batch-mode", "--quiet", "--strict-checksums", "--file", pom]
            + [f"-D{name}={value}" for name, value in properties.items()]
            + ["dependency:copy-dependencies"],
            log=layout.log_of("maven"),
            cwd=staging,
            timeout=1800,
        )
    except StackError as error:
        raise StackError(
            f"{error}\nCheck that Maven can reach its repository (or the mirror in your "
            "settings.xml), then run the command again."
        ) from None


def _unpack(layout: Layout, staging: Path, downloads: Path) -> None:
    archive = downloads / f"elasticsearch-{versions().elasticsearch}.zip"
    if not elasticsearch_folder(layout).is_dir():
        with zipfile.ZipFile(archive) as zipped:
            zipped.extractall(staging)
        unpacked = staging / archive.stem
        _let_everyone_read(unpacked)
        unpacked.rename(elasticsearch_folder(layout))
    archive.unlink()
    if not kafka_folder(layout).is_dir():
        _let_everyone_read(downloads)
        downloads.rename(kafka_folder(layout))


def _maven_has_a_home() -> bool:
    """Return whether Maven can keep its cache where it wants to; Java asks the user database."""
    try:
        home = Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return False
    cache = home / ".m2"
    return os.access(cache if cache.exists() else home, os.W_OK)


def _let_everyone_read(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
