"""Fetch files from a Maven repository without Maven, each checked by its hash."""

import hashlib
import re
import ssl
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import httpx
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_exponential

from stack.errors import StackError

URL: Final = "KEEPER_MAVEN_URL"
"""The variable with the address of a Maven repository; set, it is used even where Maven is."""
_AT_ONCE: Final = 4
_TIMEOUT_S: Final = 60
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class MavenRepository:
    """A Maven repository.

    Attributes:
        url: Its address, which may hold a password.
        login: User and password, if it asks for them and the address does not hold them.
        source: Where the address was read, for messages, which show no password.
    """

    url: str = field(repr=False)
    login: tuple[str, str] | None = field(default=None, repr=False)
    source: str = URL


def repository_from_environment(environ: Mapping[str, str]) -> MavenRepository | None:
    """Return the repository that KEEPER_MAVEN_URL names; None if it is unset or blank."""
    url = environ.get(URL, "").strip()
    return MavenRepository(url) if url else None


def repository_from_settings(settings: Path, environ: Mapping[str, str]) -> MavenRepository | None:
    """Return the mirror of Maven's central repository in a settings.xml; None if it has none.

    A password that Maven has encrypted cannot be used, for its key is Maven's.

    Raises:
        StackError: The file is no XML.
    """
    try:
        # Whoever can write this file can write Maven's own commands too.
        root = ET.parse(settings).getroot()  # noqa: S314 - a file of the user's own
    except FileNotFoundError:
        return None
    except (OSError, ET.ParseError) as error:
        raise StackError(f"{settings} cannot be read: {error}; mend it or set {URL}.") from None

    def text(element: ET.Element, name: str) -> str:
        raw = (element.findtext(f"{{*}}{name}") or "").strip()
        return re.sub(r"\$\{env\.(\w+)\}", lambda found: environ.get(found[1], ""), raw)

    for mirror in root.iterfind("{*}mirrors/{*}mirror"):
        blocked = text(mirror, "blocked") == "true"
        if blocked or not _mirrors_central(text(mirror, "mirrorOf")):
            continue
        login = None
        for server in root.iterfind("{*}servers/{*}server"):
            if text(server, "id") == text(mirror, "id") and text(server, "username"):
                login = text(server, "username"), text(server, "password")
        return MavenRepository(text(mirror, "url"), login, str(settings))
    return None


def _mirrors_central(mirror_of: str) -> bool:
    patterns = {pattern.strip() for pattern in mirror_of.split(",")}
    return "!central" not in patterns and bool(patterns & {"*", "central", "external:*"})


def download(repository: MavenRepository, hashes: Mapping[str, str], into: Path) -> None:
    """Fetch files into one folder, some at once.

    Args:
        repository: Where they are.
        hashes: The SHA-512 of each, in hexadecimal, by its path in the repository.
        into: The folder, which exists.

    Raises:
        StackError: One could not be fetched or is not what its hash says; the rest is not fetched.
    """
    base = repository.url.rstrip("/")
    try:
        with (
            httpx.Client(
                auth=repository.login,
                follow_redirects=True,
                timeout=_TIMEOUT_S,
                # The machine's own certificates, to which a company may have added its own.
                verify=ssl.create_default_context(),
            ) as client,
            ThreadPoolExecutor(_AT_ONCE) as pool,
        ):
            fetches = [
                pool.submit(_fetch, client, f"{base}/{path}", sha512, into / Path(path).name)
                for path, sha512 in hashes.items()
            ]
            try:
                for fetch in fetches:
                    fetch.result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise StackError(
            f"Kafka and Elasticsearch could not be fetched ({_reason(error)}); check the network "
            f"and the Maven repository's address in {repository.source}, then run the command "
            "again."
        ) from None


def verify_hashes(folder: Path, hashes: Mapping[str, str]) -> None:
    """Compare every file of a folder with its hash.

    Raises:
        StackError: A file is missing, is not what its hash says or has none.
    """
    expected = {Path(path).name: sha512 for path, sha512 in hashes.items()}
    for name in sorted(expected.keys() | {file.name for file in folder.iterdir()}):
        if not (folder / name).is_file():
            raise StackError(f"{name} was not fetched.")
        with (folder / name).open("rb") as file:
            _compare(name, hashlib.file_digest(file, "sha512").hexdigest(), expected.get(name, ""))


def _is_passing(error: BaseException) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR
    return isinstance(error, httpx.TransportError)


@retry(
    retry=retry_if_exception(_is_passing),
    stop=stop_after_attempt(3),
    wait=wait_exponential(multiplier=0.5, max=5),
    reraise=True,
)
def _fetch(client: httpx.Client, url: str, sha512: str, target: Path) -> None:
    digest = hashlib.sha512()
    with client.stream("GET", url) as response, target.open("wb") as file:
        response.raise_for_status()
        for chunk in response.iter_bytes(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
    _compare(target.name, digest.hexdigest(), sha512)


def _compare(name: str, found: str, expected: str) -> None:
    if found != expected:
        raise StackError(
            f"{name} is not the file that Keeper was made with (its SHA-512 is {found} instead of "
            f"{expected or 'one that Keeper knows'}); fetch it from another Maven repository."
        )


def _reason(error: Exception) -> str:
    # httpx's own message of a status holds the whole address, password and all.
    if isinstance(error, httpx.HTTPStatusError):
        return f"the answer for {error.request.url.path} is {error.response.status_code}"
    return str(error) or type(error).__name__
