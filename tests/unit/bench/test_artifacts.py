"""The peers' programs come from the Maven repository that the stack's own come from."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench.peers.artifacts import maven_options
from stack.maven import URL


def test_without_the_setting_maven_reads_its_own_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(URL, raising=False)
    assert maven_options(tmp_path) == []


def test_the_repository_of_the_setting_is_the_mirror_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL, "https://ann:p%40ss@maven.example.org/all?x=1&y=2")
    word, file = maven_options(tmp_path)
    assert word == "--settings"
    assert Path(file).stat().st_mode & 0o777 == 0o600
    # It was written by the function under test.
    settings = ET.parse(file).getroot()  # noqa: S314
    assert settings.findtext("mirrors/mirror/mirrorOf") == "*"
    assert settings.findtext("mirrors/mirror/url") == "https://maven.example.org/all?x=1&y=2"
    assert settings.findtext("servers/server/id") == settings.findtext("mirrors/mirror/id")
    assert settings.findtext("servers/server/username") == "ann"
    assert settings.findtext("servers/server/password") == "p@ss"
