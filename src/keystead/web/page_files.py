"""
The files of `keystead/pages/`, read and compressed once, and the shells that load them.

A file's URL has a version in it, made of all files together, so a browser may keep it for good. The
shell, which names that version, is asked for each time, and answered with 304 while it is the same.
"""

import gzip
import hashlib
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

AREAS: Final = ("account", "admin")

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""What is served; licences and notes beside it are not."""

SHELL, ICONS = "shell.html", "icons.svg"
"""Parts of every shell, and so no files of their own."""

IMPORT = re.compile(r"""^(?:import|export)\b[^;"]*["]\./([\w.-]+)["]""", re.MULTILINE)
"""What a module cannot begin without; `import("./x.js")` is fetched when it is needed."""

VERSION_CHARACTERS = 12
"""Of a SHA-256 in hexadecimal: 48 bits tell one version from the others."""


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is sent, plain and compressed; *etag* is weak, since it stands for both."""

    media_type: str
    plain: bytes
    zipped: bytes
    etag: str

    @classmethod
    @cache
    def of(cls, name: str, content: bytes) -> "File":
        """Compress *content* as well as it goes: that is done once for each process."""
        suffix = name[name.rindex(".") :]
        zipped = gzip.compress(content, 9, mtime=0)
        return cls(TYPES[suffix], content, zipped, f'W/"{_digest(content)}"')


@dataclass(frozen=True, slots=True)
class Site:
    """
    What the shells say of this service.

    Args:
        service: its name.
        min_password: characters of the shortest password.
        areas: which of `AREAS` are served.
        path: what stands before every path of ours.

    """

    service: str
    min_password: int
    areas: tuple[str, ...]
    path: str = ""


class PageFiles:
    """All files, for one site."""

    def __init__(self, site: Site, contents: Mapping[str, bytes]) -> None:
        parts = {SHELL, ICONS}
        self.files = {
            name: File.of(name, content) for name, content in contents.items() if name not in parts
        }
        together = b"\0".join(name.encode() + b"\0" + contents[name] for name in sorted(contents))
        self.version = _digest(together)[:VERSION_CHARACTERS]
        self.shells = {area: self._shell(area, site, contents) for area in site.areas}

    def _shell(self, area: str, site: Site, contents: Mapping[str, bytes]) -> File:
        base = f"{site.path}/{area}/files/{self.version}"
        modules = _imports(f"{area}.js", contents)
        values = {
            "service": html.escape(site.service),
            "min_password": str(site.min_password),
            "areas": " ".join(site.areas),
            "area": area,
            "root": site.path,
            "base": base,
            "icons": contents[ICONS].decode().strip(),
            "preloads": "\n".join(
                f'<link rel="modulepreload" href="{base}/{name}">' for name in modules
            ),
        }
        text = re.sub(
            r"\{\{(\w+)\}\}", lambda found: values[found[1]], contents[SHELL].decode().strip()
        )
        return File.of(SHELL, text.encode())


def read_contents() -> dict[str, bytes]:
    """Return what is served of the folder, by file name."""
    folder = files("keystead") / "pages"
    return {
        file.name: file.read_bytes()
        for file in folder.iterdir()
        if file.name[file.name.rfind(".") :] in TYPES
    }


def _imports(name: str, contents: Mapping[str, bytes]) -> list[str]:
    """Return what *name* imports, and what that imports, each once."""
    found = [name]
    for module in found:  # It grows meanwhile.
        named = IMPORT.findall(str(contents[module], "utf-8"))
        found += [one for one in dict.fromkeys(named) if one not in found]
    return found[1:]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
