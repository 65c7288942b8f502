import os
from pathlib import Path

import pytest

from stack.java import Java, describe_java, find_java
from stack.machine import Debian, available_memory_mib, listener_of, read_distribution

HEADER = "  sl  local_address rem_address   st tx rx tr tm retrnsmt   uid  timeout inode\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('ID=debian\nVERSION_ID="12"\n', Debian(True, "openjdk-17-jre-headless")),
        ('ID=debian\nVERSION_ID="13"\n', Debian(True, "openjdk-21-jre-headless")),
        ("ID=debian\n", Debian(True, "openjdk-21-jre-headless")),
        (
            'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n',
            Debian(True, "openjdk-17-jre-headless"),
        ),
        ('ID=fedora\nVERSION_ID="42"\n', Debian(False, "openjdk-17-jre-headless")),
    ],
    ids=["bookworm", "trixie", "sid", "ubuntu", "fedora"],
)
def test_the_distribution_decides_the_java_package(
    tmp_path: Path, text: str, expected: Debian
) -> None:
    (tmp_path / "os-release").write_text(text)

    assert read_distribution(tmp_path / "os-release") == expected


def test_a_machine_without_os_release_is_not_debian(tmp_path: Path) -> None:
    assert not read_distribution(tmp_path / "none").is_debian


@pytest.mark.parametrize(
    ("limit", "expected"),
    [("max", 8_000), (str(4_000 * 1024**2), 3_500), (str(64_000 * 1024**2), 8_000)],
    ids=["no limit", "a container's limit", "a limit above the machine"],
)
def test_available_memory_minds_the_containers_limit(
    tmp_path: Path, limit: str, expected: int
) -> None:
    (tmp_path / "meminfo").write_text(f"MemTotal: 9 kB\nMemAvailable: {8_000 * 1024} kB\n")
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text(f"{1_000 * 1024**2}\n")
    (tmp_path / "memory.stat").write_text(
        f"anon 5\nactive_file {200 * 1024**2}\ninactive_file {300 * 1024**2}\n"
    )

    assert available_memory_mib(tmp_path / "meminfo", tmp_path) == expected


def test_who_listens_is_found_by_its_socket(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "tcp").write_text(
        HEADER
        + "   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0 0 777 1\n"
        + "   1: 0100007F:1539 0100007F:9999 01 00000000:00000000 00:00000000 00000000  0 0 778 1\n"
    )
    (tmp_path / "42" / "fd").mkdir(parents=True)
    (tmp_path / "42" / "fd" / "3").symlink_to("socket:[777]")
    (tmp_path / "42" / "comm").write_text("postgres\n")

    assert listener_of(0x1538, tmp_path) == "postgres (process 42)"
    assert listener_of(0x1539, tmp_path) is None


def fake_java(folder: Path, home: Path, version: str) -> Path:
    executable = folder / "bin" / "java"
    executable.parent.mkdir(parents=True)
    executable.write_text(
        "#!/bin/sh\n"
        "echo 'Property settings:' >&2\n"
        f"echo '    java.home = {home}' >&2\n"
        f"echo '    java.specification.version = {version}' >&2\n"
    )
    executable.chmod(0o755)
    return executable


@pytest.mark.parametrize(("version", "expected"), [("17", 17), ("1.8", 8), ("25", 25)])
def test_java_says_its_home_and_version(tmp_path: Path, version: str, expected: int) -> None:
    executable = fake_java(tmp_path / "jdk", Path("/opt/jdk"), version)

    assert describe_java(executable) == Java(Path("/opt/jdk"), expected)


def test_what_is_no_java_is_none(tmp_path: Path) -> None:
    assert describe_java(tmp_path / "java") is None


def test_the_first_new_enough_java_is_taken(tmp_path: Path) -> None:
    known = {
        Path("/old/bin/java"): Java(Path("/old"), 11),
        tmp_path / "b" / "bin" / "java": Java(Path("/b"), 21),
    }
    for name in ("a", "b"):
        fake_java(tmp_path / name, tmp_path, "17")

    found, too_old = find_java({"JAVA_HOME": "/old", "PATH": ""}, known.get, [tmp_path])

    assert found == Java(Path("/b"), 21)
    assert too_old == Java(Path("/old"), 11)


def test_no_java_at_all(tmp_path: Path) -> None:
    assert find_java({"PATH": os.devnull}, describe_java, [tmp_path]) == (None, None)
