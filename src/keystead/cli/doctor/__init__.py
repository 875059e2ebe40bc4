"""
`keystead doctor`: look at the configuration and, given a URL, at the running service as a client sees it.

A check is a file here with an `examine` that yields findings; to add one, write it and list it in
`checks`. Nothing that stays is changed: one lease of a second is all that is written.
"""

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from keystead.cli.running import REFUSED, WRONG_USAGE, AsJson, load_settings, show, stop

if TYPE_CHECKING:
    from keystead.cli.doctor.case import Finding

COLOURS = {"error": "bold red", "warning": "yellow", "note": "cyan", "ok": "green"}


def doctor(
    url: Annotated[
        str | None, typer.Argument(help="Where clients reach it: https://accounts.example.com")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Look for what is wrong, say why, and how to mend it; exits with 1 if there is an error."""
    # The HTTP client takes 15 MiB, which no other command should pay.
    from keystead.cli.doctor.checks import examine_all  # noqa: PLC0415

    settings = load_settings()
    if url is not None and not url.startswith(("http://", "https://")):
        stop("the URL begins with http:// or https://", WRONG_USAGE)
    found = asyncio.run(examine_all(settings, url))
    if as_json:
        show([{"check": name, **asdict(finding)} for name, finding in found])
    else:
        _print(found)
    if any(finding.severity == "error" for _, finding in found):
        raise typer.Exit(REFUSED)


def _print(found: "list[tuple[str, Finding]]") -> None:
    console = Console(soft_wrap=True, highlight=False)
    for name, finding in found:
        severity = Text(f"{finding.severity:<8}", style=COLOURS[finding.severity])
        console.print(severity, Text(f"{name}: {_plain(finding.what)}"), sep="")
        for label, text in (("why", finding.why), ("fix", finding.fix)):
            if text:
                console.print(Text(f"        {label}: {_plain(text)}"))


def _plain(text: str) -> str:
    # Some of it was said by whatever answers at the URL.
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
