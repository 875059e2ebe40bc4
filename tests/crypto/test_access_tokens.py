from dataclasses import replace
from datetime import timedelta

import pytest
from joserfc.jwk import ECKey

from keystead.crypto import access_tokens
from keystead.crypto.keyring import Keyring, digest
from keystead.crypto.refresh_tokens import MacRefreshTokens
from keystead.domain.errors import TokenExpired, TokenInvalid
from keystead.domain.session import SignedIn
from keystead.domain.tokens import AccessClaims
from keystead.domain.user import Role
from tests.attacks.forge import take_apart
from tests.crypto.forger import Forger
from tests.crypto.samples import BOB, BOB_SIGNED_IN, SECRET, SESSION, Issuer

LIFETIME = timedelta(minutes=5)
MILLISECOND = timedelta(milliseconds=1)


def test_a_token_says_who_and_which_session_and_until_when(issuer: Issuer) -> None:
    claims = issuer.tokens.verify(issuer.issue(), issuer.now)

    assert claims == AccessClaims(BOB.id, SESSION.id, issuer.now, issuer.now + LIFETIME)


def test_a_token_holds_no_role_and_nothing_about_a_person(issuer: Issuer) -> None:
    admin = SignedIn(SESSION, replace(BOB, role=Role.ADMIN))

    header, claims = take_apart(issuer.tokens.issue(admin, issuer.now))

    assert header.keys() == {"alg", "typ", "kid"}
    assert header["typ"] == "at+jwt"
    assert claims.keys() == {"iss", "aud", "sub", "sid", "iat", "nbf", "exp", "jti"}
    assert not {"admin", BOB.email, "active"} & {str(value) for value in claims.values()}


def test_each_token_is_another_one(issuer: Issuer) -> None:
    assert len({issuer.issue() for _ in range(100)}) == 100


def test_a_token_is_short_enough_for_any_header(issuer: Issuer) -> None:
    assert len(issuer.issue()) < 700


@pytest.mark.parametrize("is_remembered", [True, False])
def test_a_token_is_not_good_before_its_time_but_for_the_skew_of_clocks(
    issuer: Issuer, *, is_remembered: bool
) -> None:
    token = issuer.issue()
    if is_remembered:
        issuer.tokens.verify(token, issuer.now)

    issuer.tokens.verify(token, issuer.now - timedelta(seconds=10))
    for early in (timedelta(seconds=10, milliseconds=1), timedelta(hours=1)):
        with pytest.raises(TokenInvalid):
            issuer.tokens.verify(token, issuer.now - early)


@pytest.mark.parametrize("is_remembered", [True, False])
def test_a_token_is_over_at_its_expiry_and_not_before(
    issuer: Issuer, *, is_remembered: bool
) -> None:
    token, end = issuer.issue(), issuer.now + LIFETIME
    if is_remembered:
        issuer.tokens.verify(token, issuer.now)

    issuer.tokens.verify(token, end - MILLISECOND)
    for late in (end, end + MILLISECOND, end + timedelta(seconds=11), end + timedelta(days=400)):
        with pytest.raises(TokenExpired):
            issuer.tokens.verify(token, late)


def test_a_token_never_outlives_its_session(issuer: Issuer) -> None:
    ending = replace(SESSION, ends_at=issuer.now + timedelta(seconds=30))

    token = issuer.tokens.issue(SignedIn(ending, BOB), issuer.now)

    assert issuer.tokens.verify(token, issuer.now).expires_at == ending.ends_at


def test_every_altered_character_of_what_is_signed_is_noticed(issuer: Issuer) -> None:
    token = issuer.issue()
    issuer.tokens.verify(token, issuer.now)
    for place, char in enumerate(token[: token.rindex(".") + 1]):
        altered = token[:place] + ("A" if char != "A" else "B") + token[place + 1 :]
        with pytest.raises(TokenInvalid):
            issuer.tokens.verify(altered, issuer.now)


def test_every_altered_character_of_a_signature_is_noticed(issuer: Issuer) -> None:
    token = issuer.issue()
    signed, _, signature = token.rpartition(".")
    for place, char in enumerate(signature):
        # Also the bits of the last character that decode to nothing: one spelling is the token.
        for other in set("AEIMQUYcgkosw048-_B") - {char}:
            altered = signature[:place] + other + signature[place + 1 :]
            with pytest.raises(TokenInvalid):
                issuer.tokens.verify(f"{signed}.{altered}", issuer.now)


def test_the_keys_of_another_installation_open_nothing(
    issuer: Issuer, other_keyring: Keyring
) -> None:
    other = Issuer(other_keyring, issuer.secret and SECRET[::-1])

    with pytest.raises(TokenInvalid):
        issuer.tokens.verify(other.issue(), issuer.now)


def test_the_two_families_do_not_accept_one_another(keyring: Keyring) -> None:
    one, other = Issuer(keyring), Issuer(keyring, SECRET)

    with pytest.raises(TokenInvalid):
        one.tokens.verify(other.issue(), one.now)
    with pytest.raises(TokenInvalid):
        other.tokens.verify(one.issue(), one.now)


def test_a_refresh_token_is_no_access_token(issuer: Issuer) -> None:
    refresh_token = MacRefreshTokens(issuer.keyring).issue(SESSION)

    with pytest.raises(TokenInvalid):
        issuer.tokens.verify(refresh_token, issuer.now)


def test_a_rotated_signing_key_still_verifies_until_it_is_gone(keyring: Keyring) -> None:
    key = ECKey.generate_key("P-256")
    newest = {**key.as_dict(private=True), "kid": key.thumbprint()}
    rotated = Issuer(replace(keyring, signing_keys=(*keyring.signing_keys, newest)))
    old = Issuer(keyring).issue()

    assert rotated.tokens.verify(old, rotated.now).user_id == BOB.id
    assert take_apart(rotated.issue())[0]["kid"] == newest["kid"]
    with pytest.raises(TokenInvalid):
        Issuer(replace(keyring, signing_keys=(newest,))).tokens.verify(old, rotated.now)


def test_the_id_of_a_shared_secret_cannot_be_searched_for(
    keyring: Keyring, other_keyring: Keyring
) -> None:
    key_id = Forger(Issuer(keyring, SECRET)).header["kid"]

    assert not digest(SECRET).startswith(key_id)
    assert key_id != Forger(Issuer(other_keyring, SECRET)).header["kid"]


def test_only_so_many_tokens_are_remembered(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_tokens, "CACHE_SIZE", 3)
    texts = [issuer.issue() for _ in range(10)]

    for text in texts + texts:
        assert issuer.tokens.verify(text, issuer.now).user_id == BOB.id
        assert len(issuer.tokens._verified) <= 3


def test_what_is_not_genuine_pushes_nothing_out(issuer: Issuer) -> None:
    genuine = issuer.issue()
    issuer.tokens.verify(genuine, issuer.now)

    forger = Forger(issuer)
    junk = ["", "a.b.c", genuine + "x", forger.with_claims(aud="other"), "🙂", "x" * 5000]
    for text in junk + [f"{genuine}{n}" for n in range(50)]:
        with pytest.raises(TokenInvalid):
            issuer.tokens.verify(text, issuer.now)

    assert list(issuer.tokens._verified) == [genuine]


def test_an_expired_token_is_forgotten(issuer: Issuer) -> None:
    token = issuer.tokens.issue(BOB_SIGNED_IN, issuer.now)
    issuer.tokens.verify(token, issuer.now)

    with pytest.raises(TokenExpired):
        issuer.tokens.verify(token, issuer.now + LIFETIME)

    assert token not in issuer.tokens._verified
