"""The peers' programs, fetched once from Maven and the Python package index."""

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from bench.local_stack import HOME
from bench.registry import SkippedError
from stack.java import find_java
from stack.layout import write_private
from stack.maven import repository_from_environment
from stack.versions import versions

FOLDER = HOME / "peers"
_POM = Path(__file__).with_name("pom.xml")
_MIRROR = "keeper"
_FLINK = ("apache-flink==2.3.0", "apache-flink-libraries==2.3.0")


def java() -> Path:
    """Return a `java` the peers run on.

    Raises:
        SkippedError: There is none.
    """
    found, _ = find_java(os.environ)
    if found is None:
        raise SkippedError("there is no Java 17 or newer")
    return found.executable


def jars(profile: str, *, without: tuple[str, ...] = (), transitive: bool = True) -> Path:
    """Return the folder of a profile's jars, fetching them the first time.

    Args:
        profile: Of pom.xml.
        without: Beginnings of names of jars that are left out.
        transitive: Fetch what they need too.

    Raises:
        SkippedError: Maven failed; says where its output is.
    """
    folder = FOLDER / profile
    if folder.is_dir():
        return folder
    staging = _staging(profile)
    _run(
        f"fetching {profile}",
        [
            *("mvn", "--batch-mode", "--quiet", "--activate-profiles", profile),
            *maven_options(staging),
            f"-Dkafka.version={versions().kafka}",
            f"-Dslf4j.version={versions().slf4j}",
            f"-DexcludeTransitive={'false' if transitive else 'true'}",
            f"-DoutputDirectory={staging / 'jars'}",
            "dependency:copy-dependencies",
        ],
        cwd=staging,
    )
    for jar in (staging / "jars").iterdir():
        if jar.name.startswith(without):
            jar.unlink()
    (staging / "jars").rename(folder)
    shutil.rmtree(staging)
    return folder


def flink_home() -> Path:
    """Return Flink's home: its own packages and the jars of its connectors to Kafka and PostgreSQL.

    Raises:
        SkippedError: It could not be fetched.
    """
    home = FOLDER / "flink-home"
    if home.is_dir():
        return home
    connectors = jars("flink", transitive=False)
    staging = _staging("flink-home")
    packages = FOLDER / "flink-packages"
    _run(
        "fetching Flink",
        [
            *(sys.executable, "-m", "uv", "pip", "install", "--no-deps", "--quiet"),
            *("--target", str(packages), *_FLINK),
        ],
        cwd=staging,
    )
    source = packages / "pyflink"
    for name in ("bin", "conf"):
        shutil.copytree(source / name, staging / name)
    for name in ("lib", "opt", "plugins"):
        (staging / name).mkdir()
        for file in (source / name).iterdir():
            (staging / name / file.name).symlink_to(file)
    for jar in connectors.iterdir():
        (staging / "lib" / jar.name).symlink_to(jar)
    (staging / "log").mkdir()
    (staging / "pom.xml").unlink()
    staging.rename(home)
    return home


def maven_options(folder: Path) -> list[str]:
    """Return Maven's options for the repository that KEEPER_MAVEN_URL names; none if it is unset.

    A login stands in the address, as `make up` reads it too. Without the setting Maven reads its
    own.
    """
    repository = repository_from_environment(os.environ)
    if repository is None:
        return []
    url = urlsplit(repository.url)
    host = url.netloc.rpartition("@")[2]
    settings = ET.Element("settings")
    if url.username:
        server = ET.SubElement(ET.SubElement(settings, "servers"), "server")
        ET.SubElement(server, "id").text = _MIRROR
        ET.SubElement(server, "username").text = unquote(url.username)
        ET.SubElement(server, "password").text = unquote(url.password or "")
    mirror = ET.SubElement(ET.SubElement(settings, "mirrors"), "mirror")
    ET.SubElement(mirror, "id").text = _MIRROR
    ET.SubElement(mirror, "mirrorOf").text = "*"
    ET.SubElement(mirror, "url").text = urlunsplit(url._replace(netloc=host))
    file = folder / "settings.xml"
    write_private(file, ET.tostring(settings, encoding="unicode"))
    return ["--settings", str(file)]


def _staging(name: str) -> Path:
    folder = FOLDER / f".{name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # Copied, because Maven would look for a `target` folder beside it.
    shutil.copy(_POM, folder / "pom.xml")
    return folder


def _run(what: str, command: list[str], *, cwd: Path) -> None:
    log = FOLDER / "fetching.log"
    with log.open("ab") as output:
        try:
            done = subprocess.run(
                command,
                cwd=cwd,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=1_800,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SkippedError(f"{what}: {error}") from None
    if done.returncode:
        raise SkippedError(f"{what} failed, see {log}")
