"""Claims that are missing, bent or out of time, correctly signed: RFC 9068 section 4, RFC 8725."""

import json
from datetime import timedelta

import pytest

from keystead.domain.errors import TokenExpired, TokenInvalid
from tests.crypto.forger import LEFT_OUT, Forger
from tests.crypto.samples import BOB, POLICY, Issuer

NO_TIMES = ["", "1767268800", "soon", True, False, None, [], {}, 1.5, 1767268800.0, LEFT_OUT]
NO_JSON_TIMES = [b"NaN", b"Infinity", b"-Infinity", b"1e400", b"1e9", b"0x10", b"1" * 5000, b"+1"]
NO_TEXTS: list[object] = [None, 1, True, [], {}, 1.5, LEFT_OUT]
OUT_OF_RANGE = [253_402_300_800, 2**63, 10**30, -(10**30), 10**600]


@pytest.fixture
def forger(issuer: Issuer) -> Forger:
    return Forger(issuer)


def is_refused(issuer: Issuer, token: str) -> bool:
    with pytest.raises(TokenInvalid):
        issuer.tokens.verify(token, issuer.now)
    return True


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", NO_TIMES, ids=repr)
def test_a_time_is_a_whole_number(
    issuer: Issuer, forger: Forger, claim: str, value: object
) -> None:
    assert is_refused(issuer, forger.with_claims(**{claim: value}))


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", NO_JSON_TIMES, ids=lambda value: repr(value)[:20])
def test_a_time_is_written_as_json_writes_numbers(
    issuer: Issuer, forger: Forger, claim: str, value: bytes
) -> None:
    payload = json.dumps(forger.claims | {claim: "HERE"}).encode().replace(b'"HERE"', value)

    assert is_refused(issuer, forger.with_payload(payload))


@pytest.mark.parametrize(
    "value", OUT_OF_RANGE, ids=lambda value: f"{value:.3g}" if value < 1e300 else "huge"
)
def test_an_expiry_beyond_every_calendar_is_refused(
    issuer: Issuer, forger: Forger, value: int
) -> None:
    assert is_refused(issuer, forger.with_claims(exp=value))


@pytest.mark.parametrize("value", [0, -1, -62_135_596_800])
def test_an_expiry_long_ago_is_over(issuer: Issuer, forger: Forger, value: int) -> None:
    with pytest.raises(TokenExpired):
        issuer.tokens.verify(forger.with_claims(exp=value), issuer.now)


@pytest.mark.parametrize("seconds", [0, 1, 11, 3600])
def test_an_expiry_gets_no_grace(issuer: Issuer, forger: Forger, seconds: int) -> None:
    now = int(issuer.now.timestamp())

    with pytest.raises(TokenExpired):
        issuer.tokens.verify(forger.with_claims(exp=now - seconds), issuer.now)
    issuer.tokens.verify(forger.with_claims(exp=now + 1), issuer.now)


@pytest.mark.parametrize("claim", ["iat", "nbf"])
@pytest.mark.parametrize("seconds", [-3600, 0, 5, 10])
def test_the_clock_of_another_host_may_be_ahead_a_little(
    issuer: Issuer, forger: Forger, claim: str, seconds: int
) -> None:
    moment = int(issuer.now.timestamp()) + seconds

    claims = issuer.tokens.verify(forger.with_claims(**{claim: moment}), issuer.now)

    assert claims.user_id == BOB.id


@pytest.mark.parametrize("claim", ["iat", "nbf"])
@pytest.mark.parametrize("seconds", [11, 61, 3600, 10**12, 10**30])
def test_a_token_of_the_future_is_refused(
    issuer: Issuer, forger: Forger, claim: str, seconds: int
) -> None:
    moment = int(issuer.now.timestamp()) + seconds

    assert is_refused(issuer, forger.with_claims(**{claim: moment}))


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "sid", "jti"])
@pytest.mark.parametrize("value", NO_TEXTS, ids=repr)
def test_a_text_is_a_text(issuer: Issuer, forger: Forger, claim: str, value: object) -> None:
    assert is_refused(issuer, forger.with_claims(**{claim: value}))


@pytest.mark.parametrize("claim", ["iss", "aud"])
def test_issuer_and_audience_are_the_very_ones(issuer: Issuer, forger: Forger, claim: str) -> None:
    own = {"iss": POLICY.issuer, "aud": POLICY.audience}[claim]
    others = [
        *("", "*", own[:-1], own + "/", own + "x", own.upper(), f" {own}", "https://eve.example"),
        *([own], [own, "https://eve.example"], {own: 1}, f"{own},https://eve.example"),
    ]
    for other in others:
        assert is_refused(issuer, forger.with_claims(**{claim: other})), other


def test_issuer_and_audience_do_not_stand_for_one_another(issuer: Issuer, forger: Forger) -> None:
    assert is_refused(issuer, forger.with_claims(iss=POLICY.audience, aud=POLICY.issuer))


@pytest.mark.parametrize(
    "payload",
    [b"", b"null", b"[]", b"1", b'"text"', b"{", b"\xff\xfe", b"[" * 2500, b'{"a":' * 500, b"{}"],
    ids=lambda payload: repr(payload)[:20],
)
def test_what_holds_no_claims_is_refused(issuer: Issuer, forger: Forger, payload: bytes) -> None:
    assert is_refused(issuer, forger.with_payload(payload))


def test_more_claims_change_nothing(issuer: Issuer, forger: Forger) -> None:
    token = forger.with_claims(role="admin", scope="admin", admin=True, user_id="somebody")

    assert issuer.tokens.verify(token, issuer.now) == issuer.tokens.verify(
        issuer.issue(), issuer.now
    )


def test_how_late_a_token_was_made_does_not_make_it_live_longer(
    issuer: Issuer, forger: Forger
) -> None:
    before = issuer.now + timedelta(minutes=5)
    issuer.now += timedelta(seconds=8)

    assert issuer.tokens.verify(forger.with_claims(), issuer.now).expires_at == before
