"""Unpack Debian's Java below `.keeper` where nobody may install packages.

A Java from the Python package index would not do: Elasticsearch needs the modules jdk.jdi and
jdk.jlink, which such trimmed runtimes lack.
"""

from pathlib import Path

from stack.debian_packages import unpack_packages
from stack.errors import StackError
from stack.layout import Layout


def java_folder(layout: Layout) -> Path:
    """Where the Java is; it exists only once it is complete."""
    return layout.lib / "java"


def unpack_java(layout: Layout, package: str) -> None:
    """Fetch a package with a Java and unpack it; apt-get checks its signature.

    Blocks while another process fetches into the same folder.

    Raises:
        StackError: It could not be fetched, or holds no Java; with what to do.
    """

    def probe_java(root: Path) -> None:
        if not any((root / "usr/lib/jvm").glob("*/bin/java")):
            raise StackError(f"{package} holds no Java.")

    try:
        unpack_packages(layout, java_folder(layout), [package], probe_java)
    except StackError as error:
        raise StackError(
            f"{error}\nInstall a Java, or point JAVA_HOME at one, then run the command again."
        ) from None
