"""`keystead sessions ...`."""

from datetime import timedelta

from keystead.assembly import system_clock
from tests.cli.conftest import Cli


def test_live_sessions_are_listed_newest_first(cli: Cli) -> None:
    cli.user("bob")
    now = system_clock()
    older = cli.sign_in("bob", now - timedelta(hours=1), ip="2001:db8::1")
    newer = cli.sign_in("bob", now)
    cli.sign_in("bob", now - timedelta(days=400))  # Over.

    found = cli.json("sessions", "list", "bob@example.com")

    assert [session["id"] for session in found] == [newer, older]
    assert found[1]["ip"] == "2001:db8::1"
    assert found[1]["browser"].startswith("Firefox")
    assert found[1]["city"] is None
    table = cli.done("sessions", "list", "bob@example.com").splitlines()
    assert table[0].split()[:4] == ["id", "device", "browser", "os"]
    assert [line.split()[0] for line in table[1:]] == [newer, older]


def test_what_a_client_says_of_itself_is_not_markup(cli: Cli) -> None:
    cli.user("bob")
    cli.sign_in("bob", system_clock(), ip="[red]192.0.2.1[/red]")

    assert "[red]192.0.2.1[/red]" in cli.done("sessions", "list", "bob@example.com")


def test_all_sessions_of_an_account_are_ended(cli: Cli) -> None:
    cli.user("bob")
    cli.user("eve")
    for name in ("bob", "bob", "eve"):
        cli.sign_in(name, system_clock())

    assert cli.done("sessions", "revoke", "bob@example.com") == "2 sessions ended.\n"

    assert cli.done("sessions", "list", "bob@example.com") == "No sessions.\n"
    assert len(cli.json("sessions", "list", "eve@example.com")) == 1


def test_one_session_is_ended(cli: Cli) -> None:
    bob = cli.user("bob")
    ended, kept = (cli.sign_in("bob", system_clock()) for _ in range(2))

    assert cli.json("sessions", "revoke", bob.id, "--session", ended) == {"ended": 1}

    assert [session["id"] for session in cli.json("sessions", "list", bob.id)] == [kept]
    assert "session" in cli.refused("sessions", "revoke", bob.id, "--session", ended).lower()


def test_a_session_of_somebody_else_is_not_ended(cli: Cli) -> None:
    cli.user("bob")
    cli.user("eve")
    eves = cli.sign_in("eve", system_clock())

    cli.refused("sessions", "revoke", "bob@example.com", "--session", eves)

    assert len(cli.json("sessions", "list", "eve@example.com")) == 1


def test_only_what_has_expired_is_purged(cli: Cli) -> None:
    cli.user("bob")
    for days in (0, 20, 400):
        cli.sign_in("bob", system_clock() - timedelta(days=days))

    assert cli.json("sessions", "purge") == {"removed": 2}
    assert cli.done("sessions", "purge") == "0 sessions removed.\n"

    assert len(cli.json("sessions", "list", "bob@example.com")) == 1


def test_somebody_unknown_is_refused(cli: Cli) -> None:
    for verb in ("list", "revoke"):
        assert cli.refused("sessions", verb, "nobody@example.com").startswith("keystead: ")
