"""`keystead create-admin` and `keystead users ...`."""

import pytest

from keystead.domain.errors import InvalidCredentials, Throttled
from keystead.domain.events import EventName
from keystead.domain.session import Origin
from keystead.domain.user import Role, User
from keystead.flows.login import login
from keystead.flows.tools import Tools
from tests.cli.conftest import NOW, Cli
from tests.databases import Database
from tests.people import PASSWORD
from tests.store.samples import added


def test_an_admin_is_made_with_a_password_from_standard_input(cli: Cli) -> None:
    # Nothing but the end of the line is taken off: blanks are part of a password.
    said = cli.done("create-admin", " Ada@Example.com", "--password-stdin", said=f" {PASSWORD} \n")

    assert said == "ada@example.com is an admin now.\n"
    signed_in = cli.work(lambda tools: login(tools, "ada@example.com", f" {PASSWORD} ", NOW))
    assert signed_in.signed_in.user.role is Role.ADMIN


@pytest.mark.requirement(6)
@pytest.mark.parametrize(
    ("email", "password", "reason"),
    [
        ("ada@example.com", "password123", "common"),
        ("ada@example.com", "short", "8 characters"),
        ("ada@example.com", "", "8 characters"),
        ("no address", PASSWORD, "@"),
        ("bob@example.com", PASSWORD, "already"),
    ],
)
def test_an_admin_is_refused_with_the_reason(
    cli: Cli, email: str, password: str, reason: str
) -> None:
    cli.user("bob")

    said = cli.refused("create-admin", email, "--password-stdin", said=f"{password}\n")

    assert reason in said
    assert [user["email"] for user in cli.json("users", "list", "--role", "admin")] == []


@pytest.mark.parametrize("where", [[PASSWORD], ["--password", PASSWORD]])
def test_a_password_is_no_argument(cli: Cli, where: list[str]) -> None:
    cli.refused("create-admin", "ada@example.com", *where, code=2)

    assert cli.json("users", "list") == []


def test_accounts_are_listed_and_filtered(cli: Cli) -> None:
    for name in ("bob", "bert", "eve"):
        cli.user(name)
    cli.user("ada", Role.ADMIN)
    cli.done("users", "disable", "bert@example.com")

    assert _names(cli) == ["ada", "bert", "bob", "eve"]
    assert _names(cli, "--search", " B") == ["bert", "bob"]
    assert _names(cli, "--role", "admin") == ["ada"]
    assert _names(cli, "--status", "disabled") == ["bert"]
    assert _names(cli, "--search", "b", "--status", "active") == ["bob"]
    assert _names(cli, "--limit", "2") == ["ada", "bert"]
    assert cli.done("users", "list", "--search", "nobody") == "No accounts.\n"
    assert "limit" in cli.refused("users", "list", "--limit", "0", code=2)


def test_more_accounts_than_one_page_are_listed_once_each(cli: Cli) -> None:
    async def fill(tools: Tools) -> None:
        for number in range(230):
            await added(tools.store, f"user{number:03}@example.com")

    cli.work(fill)

    emails = [user["email"] for user in cli.json("users", "list")]

    assert emails == [f"user{number:03}@example.com" for number in range(230)]
    assert len(cli.json("users", "list", "--limit", "150")) == 150


def test_a_table_shows_addresses_as_they_are_and_whole(cli: Cli) -> None:
    markup = "[red]bob[/red]@example.com"
    longest = "a" * 64 + "@" + ".".join(["b" * 61] * 3) + ".com"
    cli.work(lambda tools: added(tools.store, markup))
    user = cli.work(lambda tools: added(tools.store, longest))

    lines = cli.done("users", "list").splitlines()

    assert lines[0].split() == ["id", "email", "role", "status", "created"]
    assert any(markup in line.split() for line in lines)
    assert any(line.split()[:4] == [user.id, longest, "user", "active"] for line in lines)


@pytest.mark.parametrize("by", ["email", "id"])
def test_an_account_is_changed_by_address_and_by_id(cli: Cli, by: str) -> None:
    cli.user("ada", Role.ADMIN)
    bob = cli.user("bob")
    who = {"email": "BOB@example.com", "id": bob.id}[by]

    assert cli.done("users", "role", who, "admin") == "bob@example.com has the role admin now.\n"
    assert _find(cli, bob) == ("admin", "active")
    assert cli.done("users", "disable", who) == "bob@example.com is disabled now.\n"
    assert _find(cli, bob) == ("admin", "disabled")
    with pytest.raises(InvalidCredentials):
        cli.sign_in("bob", NOW)
    assert cli.done("users", "enable", who) == "bob@example.com is active now.\n"
    cli.sign_in("bob", NOW)
    assert cli.done("users", "delete", who, "--yes") == "bob@example.com is deleted.\n"
    assert _find(cli, bob) is None


def test_an_account_that_failed_sign_ins_stopped_is_unlocked_and_that_is_recorded(
    cli: Cli, database: Database
) -> None:
    bob = cli.user("bob")

    async def guess(tools: Tools) -> None:
        stranger = tools.asked_from(Origin("192.0.2.1", None))
        for _ in range(5):
            with pytest.raises(InvalidCredentials):
                await login(stranger, bob.email, "a password that is wrong", NOW)

    cli.work(guess)
    with pytest.raises(Throttled):
        cli.sign_in("bob", NOW)

    assert cli.done("users", "unlock", bob.email) == "bob@example.com can sign in again.\n"

    cli.sign_in("bob", NOW)
    (record,) = database.rows("audit", name=EventName.LOGIN_UNLOCKED)
    assert (record["subject"], record["actor"]) == (bob.id, None)


def test_changes_are_told_as_json_too(cli: Cli) -> None:
    cli.user("ada", Role.ADMIN)
    bob = cli.user("bob")

    assert cli.json("users", "role", bob.id, "admin")["role"] == "admin"
    assert cli.json("users", "disable", bob.id)["status"] == "disabled"
    assert cli.json("users", "enable", bob.id)["status"] == "active"
    assert cli.json("users", "delete", bob.id, "--yes") == {
        "id": bob.id,
        "email": "bob@example.com",
        "role": "admin",
        "status": "active",
        "created": NOW.isoformat(),
    }


def test_deleting_asks_first(cli: Cli) -> None:
    bob = cli.user("bob")

    refused = cli.run("users", "delete", "bob@example.com", said="n\n")

    assert refused.exit_code == 1
    assert "Delete bob@example.com" in refused.stderr
    assert _find(cli, bob) == ("user", "active")
    cli.done("users", "delete", "bob@example.com", said="y\n")
    assert _find(cli, bob) is None


@pytest.mark.parametrize("change", [["disable"], ["role", "user"], ["delete", "--yes"]])
def test_the_last_admin_stays(cli: Cli, change: list[str]) -> None:
    ada = cli.user("ada", Role.ADMIN)
    verb, *rest = change

    assert "last" in cli.refused("users", verb, "ada@example.com", *rest)

    assert _find(cli, ada) == ("admin", "active")


@pytest.mark.parametrize("verb", ["disable", "enable", "role", "delete"])
@pytest.mark.parametrize("who", ["nobody@example.com", "0199", "no\taddress@"])
def test_somebody_unknown_is_refused(cli: Cli, verb: str, who: str) -> None:
    rest = {"role": ["admin"], "delete": ["--yes"]}.get(verb, [])

    assert cli.refused("users", verb, who, *rest).startswith("keystead: ")


def test_a_role_that_does_not_exist_is_wrong_usage(cli: Cli) -> None:
    bob = cli.user("bob")

    assert "owner" in cli.refused("users", "role", bob.id, "owner", code=2)
    assert _find(cli, bob) == ("user", "active")


def _names(cli: Cli, *filters: str) -> list[str]:
    return [user["email"].partition("@")[0] for user in cli.json("users", "list", *filters)]


def _find(cli: Cli, user: User) -> tuple[str, str] | None:
    found = {line["id"]: (line["role"], line["status"]) for line in cli.json("users", "list")}
    return found.get(user.id)
