"""
Secrets that repeat or follow a pattern (OWASP ASVS 7.2.3, 11.5.1).

The clock stands still throughout: whatever is told apart here is not told apart by the time.
"""

import asyncio
import uuid
from collections import Counter

import pytest

from keystead.domain.session import SignedIn
from keystead.domain.user import UserId
from keystead.flows.login import TokenPair, describe, new_session, pair
from tests.attacks.forge import decode, take_apart
from tests.conftest import Service, StartService
from tests.databases import Database
from tests.people import Person

PEOPLE, ROUNDS = 25, 20
SIGN_INS = 4500
PROOF_BYTES = 32


@pytest.mark.requirement(50)
@pytest.mark.timeout(180)  # Some hundred writes that must be on the disk.
async def test_ten_thousand_tokens_are_all_different(service: Service) -> None:
    people = [await service.person(f"person{number}") for number in range(PEOPLE)]
    access = [person.access_token for person in people]
    refresh = [str(person.refresh_token) for person in people]
    for _ in range(ROUNDS - 1):
        answers = await asyncio.gather(*(person.refresh() for person in people))
        assert {answer.status_code for answer in answers} == {200}
        access += [person.access_token for person in people]
        refresh += [str(person.refresh_token) for person in people]

    for made in await sign_ins(service, people[0]):
        access.append(made.access_token)
        refresh.append(made.refresh_token)

    assert len(access) + len(refresh) == 10_000
    assert len({*access, *refresh}) == 10_000
    assert len({take_apart(token)[1]["jti"] for token in access}) == 5_000
    proofs = [decode(token.removeprefix("ksr_"))[-PROOF_BYTES:] for token in refresh]
    assert is_evenly_spread(b"".join(proofs))


async def sign_ins(service: Service, person: Person) -> list[TokenPair]:
    """Make the tokens of many sign-ins, without the hashing that takes most of their time."""
    tools, now = service.tools, service.app.app.state.context.clock()
    user = await tools.store.find_user(UserId(person.id))
    assert user is not None
    client = describe(tools)
    sessions = (new_session(tools, user, client, now) for _ in range(SIGN_INS))
    return [pair(tools, SignedIn(session, user), now) for session in sessions]


async def test_a_refresh_in_the_same_instant_is_another_token(bob: Person) -> None:
    tokens = [(bob.access_token, bob.refresh_token)]
    for _ in range(5):
        await bob.refresh()
        tokens.append((bob.access_token, bob.refresh_token))

    assert len({access for access, _ in tokens}) == 6
    assert len({refresh for _, refresh in tokens}) == 6


@pytest.mark.requirement(50)
async def test_salts_and_ids_of_one_instant_share_nothing_but_the_instant(
    start: StartService, database: Database
) -> None:
    service = await start(throttle="off")  # Fifteen at once would be taken for guesses.
    bob = await service.person("bob")
    await asyncio.gather(*(service.again(bob) for _ in range(15)))

    sessions = database.rows("sessions")

    salts = [session["salt"] for session in sessions]
    assert {len(salt) for salt in salts} == {16}
    assert len(set(salts)) == 16
    # After the time and the version, 74 random bits in two places: each differs in every pair.
    ids = [uuid.UUID(session["id"]).bytes for session in sessions]
    assert len({id_[9:] for id_ in ids}) == 16
    assert len({id_[:6] for id_ in ids}) == 1


def is_evenly_spread(sample: bytes) -> bool:
    """Compare the counts of the 256 bytes with chance: chi-square, beyond 400 once in 10^7 times."""
    expected = len(sample) / 256
    counts = Counter(sample)
    return sum((counts[byte] - expected) ** 2 / expected for byte in range(256)) < 400
