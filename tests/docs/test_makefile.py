"""What `make help` lists, and what `make serve` passes on."""

import re
import shutil
import subprocess

import pytest

from tests.docs.markdown import ROOT, read
from tests.docs.tour import environment

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@needs_make
def test_help_lists_every_target() -> None:
    targets = set(re.findall(r"^\.PHONY: ([a-z-]+)$", read("Makefile"), re.MULTILINE))

    listed = set(re.findall(r"^  make ([a-z-]+)", make("help"), re.MULTILINE))

    assert listed == targets


@needs_make
def test_what_make_starts_is_told_of_no_setting_of_the_tests() -> None:
    environment_of_a_target = make("-f", "-", "show", script="include Makefile\nshow:\n\t@env\n")

    assert "PATH=" in environment_of_a_target
    assert "KEYSTEAD_" not in environment_of_a_target


def make(*arguments: str, script: str = "") -> str:
    program = shutil.which("make")
    assert program is not None
    return subprocess.run(
        [program, "-s", *arguments],
        input=script,
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
