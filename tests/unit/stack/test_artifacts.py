"""What is fetched without Maven is known by hash, and Maven's settings say from where."""

import hashlib
from pathlib import Path

import pytest

from stack.artifact_hashes import hashes_of
from stack.artifacts import known_hashes, run_maven
from stack.context import repository_of
from stack.debian_packages import keep_links_inside
from stack.errors import StackError
from stack.layout import Layout
from stack.maven import MavenRepository, verify_hashes
from stack.versions import versions

SETTINGS = """<?xml version="1.0"?>
<settings xmlns="http://maven.apache.org/SETTINGS/1.2.0">
  <servers><server>
    <id>ours</id><username>reader</username><password>${env.OUR_PASSWORD}</password>
  </server></servers>
  <mirrors>
    <mirror><id>other</id><mirrorOf>*,!central</mirrorOf><url>http://127.0.0.1:1</url></mirror>
    <mirror><id>ours</id><mirrorOf>external:*</mirrorOf><url>http://127.0.0.1:2/m</url></mirror>
  </mirrors>
</settings>
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "user"
    (folder / ".m2").mkdir(parents=True)
    return folder


def test_the_hashes_are_those_of_the_versions_that_run() -> None:
    wanted = versions()
    names = {Path(path).name for path in known_hashes()}

    assert {
        f"kafka_{wanted.scala}-{wanted.kafka}.jar",
        f"kafka-tools-{wanted.kafka}.jar",
        f"slf4j-simple-{wanted.slf4j}.jar",
        f"elasticsearch-{wanted.elasticsearch}.zip",
    } <= names, "run: make hashes"
    assert len(names) == len(known_hashes())


def test_hashes_are_written_as_sha512sum_writes_them(tmp_path: Path) -> None:
    jar = tmp_path / "org" / "one" / "1" / "one-1.jar"
    jar.parent.mkdir(parents=True)
    jar.write_bytes(b"jar")
    jar.with_suffix(".pom").write_bytes(b"pom")

    (line,) = hashes_of(tmp_path).splitlines()[1:]

    assert line == f"{hashlib.sha512(b'jar').hexdigest()}  org/one/1/one-1.jar"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "one.jar was not fetched"),
        ({"one.jar": b"two"}, "one.jar is not the file"),
        ({"one.jar": b"one", "more.jar": b"?"}, "more.jar is not the file"),
    ],
    ids=["missing", "another", "unknown"],
)
def test_what_maven_fetched_is_compared_too(
    tmp_path: Path, files: dict[str, bytes], message: str
) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)

    with pytest.raises(StackError, match=message):
        verify_hashes(tmp_path, {"org/one.jar": hashlib.sha512(b"one").hexdigest()})


def test_maven_refuses_what_its_repository_calls_wrong(layout: Layout, tmp_path: Path) -> None:
    said = tmp_path / "said"
    maven = tmp_path / "mvn"
    maven.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{said}\n')
    maven.chmod(0o700)

    run_maven(layout, tmp_path, str(maven))

    assert "--strict-checksums" in said.read_text().split()


def test_the_mirror_of_central_in_mavens_settings_is_taken(layout: Layout, home: Path) -> None:
    settings = home / ".m2" / "settings.xml"
    settings.write_text(SETTINGS, encoding="utf-8")

    found = repository_of(layout, {"HOME": str(home), "OUR_PASSWORD": "secret"}, None)

    assert found == MavenRepository("http://127.0.0.1:2/m", ("reader", "secret"), str(settings))
    assert "secret" not in repr(found)


def test_the_address_in_the_environment_counts_before_maven(layout: Layout, home: Path) -> None:
    environ = {"HOME": str(home), "KEEPER_MAVEN_URL": "http://127.0.0.1:3"}

    assert repository_of(layout, environ, "/usr/bin/mvn") == MavenRepository("http://127.0.0.1:3")


def test_maven_counts_before_its_settings(layout: Layout, home: Path) -> None:
    (home / ".m2" / "settings.xml").write_text(SETTINGS, encoding="utf-8")

    assert repository_of(layout, {"HOME": str(home)}, "/usr/bin/mvn") is None


def test_without_settings_there_is_no_repository(layout: Layout, home: Path) -> None:
    assert repository_of(layout, {"HOME": str(home)}, None) is None


def test_settings_that_are_no_xml_are_named(layout: Layout, home: Path) -> None:
    (home / ".m2" / "settings.xml").write_text("<settings>", encoding="utf-8")

    with pytest.raises(StackError, match=r"settings\.xml cannot be read.*KEEPER_MAVEN_URL"):
        repository_of(layout, {"HOME": str(home)}, None)


def test_links_of_an_unpacked_package_lead_to_its_own_files(tmp_path: Path) -> None:
    conf, own = tmp_path / "usr" / "conf", tmp_path / "etc" / "java" / "security"
    for folder in (conf, own.parent):
        folder.mkdir(parents=True)
    own.write_text("own", encoding="utf-8")
    (conf / "security").symlink_to("/etc/java/security")
    (conf / "elsewhere").symlink_to("/nowhere/at/all")

    keep_links_inside(tmp_path)

    assert (conf / "security").resolve() == own.resolve()
    assert (conf / "elsewhere").readlink() == Path("/nowhere/at/all")
