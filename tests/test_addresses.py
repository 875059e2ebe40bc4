"""One canonical form for each address: CVE-2019-19844, CVE-2026-47203."""

import time
import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from keystead.addresses import MAX_LENGTH, canonical_email, search_prefix
from keystead.domain.errors import InputInvalid
from keystead.domain.user import EmailAddress

E_AND_ACUTE = "e\u0301"
KELVIN = "\u212a"
DOTLESS_I = "\u0131"
I_WITH_DOT = "\u0130"
LONG_S = "\u017f"
FULLWIDTH_BOB = "\uff42\uff4f\uff42"

SAME = {
    "bob@example.com": [
        *("Bob@Example.COM", " bob@example.com", "bob@example.com\r\n", "\tbob@example.com\u3000"),
        *("bob@\uff45xample.com", "bob@example\u3002com", "bob@example\uff0ecom"),
    ],
    "kelvin@example.com": [f"{KELVIN}elvin@example.com", "KELVIN@example.com"],
    "bob@kelvin.com": [f"bob@{KELVIN}elvin.com"],
    "zo\u00e9@example.com": [f"zo{E_AND_ACUTE}@example.com", "ZO\u00c9@example.com"],
    "\u00e5@example.com": ["\u212b@example.com", "\u00c5@example.com", "A\u030a@example.com"],
    "i\u0307@example.com": [f"{I_WITH_DOT}@example.com"],
    "bob@xn--bcher-kva.example": [
        *("bob@b\u00fccher.example", "bob@B\u00dcCHER.example", "bob@XN--BCHER-KVA.example"),
        "bob@bu\u0308cher.example",
    ],
}
DISTINCT = [
    *("i@example.com", f"{DOTLESS_I}@example.com", "i\u0307@example.com", "s@example.com"),
    *(f"{LONG_S}@example.com", "bob@example.com", f"{FULLWIDTH_BOB}@example.com"),
    *("fi@example.com", "\ufb01@example.com", "ss@example.com", "\u00df@example.com"),
    *("bob+keystead@example.com", "b.ob@example.com", "bob@fass.example", "bob@xn--fa-hia.example"),
]
REFUSED = [
    *(
        "",
        " ",
        "@",
        "bob",
        "bob@",
        "@example.com",
        "bob@@example.com",
        "bob@example.com@eve.example",
    ),
    *("bob@localhost", "bob@example", "bob@.example.com", "bob@example..com", "bob@-example.com"),
    *(
        "bob@[127.0.0.1]",
        "bob@[IPv6:::1]",
        "bob@127.0.0.1",
        '"bob"@example.com',
        '"a b"@example.com',
    ),
    *("Bob <bob@example.com>", "<bob@example.com>", "bob@example.com (Bob)", "mailto:bob@x@y.com"),
    *("bob @example.com", "bo b@example.com", "bob@ example.com", "bob@exam ple.com", "a\tb@x.com"),
    *("bob@example.com,eve@example.com", "bob,eve@example.com", "bob@example.com;eve@example.com"),
    *("bob\r\n@example.com", "bob@example.com\r\nBcc: eve@example.com", "bob@exam\nple.com"),
    *("bob\n@example.com", "bob\r@example.com", "bob\u2028@example.com", "bob\u0085@example.com"),
    *(
        "bob\0@example.com",
        "bob@example.com\0",
        "\0",
        "bob@exam\0ple.com",
        "bob\x1b[31m@example.com",
    ),
    *("bo\u200bb@example.com", "bo\u200db@example.com", "bob\u202e@example.com", "\ufeffbob@x.com"),
    *("\ud800@example.com", "bob@\ud800.com", "bob\U0010ffff@example.com", "\ue000@example.com"),
    *(".bob@example.com", "bob.@example.com", "b..ob@example.com", "bob@example.com."),
]


@pytest.mark.parametrize("canonical", SAME)
def test_one_account_has_one_form_however_it_is_written(canonical: str) -> None:
    assert canonical_email(canonical) == canonical
    for written in SAME[canonical]:
        assert canonical_email(written) == canonical, ascii(written)


def test_what_is_another_account_stays_another() -> None:
    assert len({canonical_email(address) for address in DISTINCT}) == len(DISTINCT)


@pytest.mark.parametrize("text", REFUSED, ids=ascii)
def test_what_is_no_single_plain_address_is_refused(text: str) -> None:
    with pytest.raises(InputInvalid) as refusal:
        canonical_email(text)

    assert [error.field for error in refusal.value.errors] == ["email"]


@pytest.mark.parametrize("address", ["a" * 242 + "@example.com", "\u00e9" * 121 + "@example.com"])
def test_up_to_the_bound_an_address_is_read(address: str) -> None:
    assert len(address.encode()) == MAX_LENGTH
    assert canonical_email(address) == address


@pytest.mark.parametrize(
    "text",
    [
        "a" * 243 + "@example.com",
        "\u00e9" * 122 + "@example.com",
        I_WITH_DOT * 110 + "@example.com",  # longer in lower case
        "bob@" + ".".join(["\u00fc" * 30] * 5) + ".com",  # longer in A-labels
    ],
)
def test_beyond_the_bound_it_is_refused_in_whatever_form(text: str) -> None:
    with pytest.raises(InputInvalid):
        canonical_email(text)


FLOODS = [
    *("a" * 5_000_000, "a@" * 2_500_000, "@" * 5_000_000, "\u0301" * 5_000_000, "a." * 6000 + "@x"),
]


@pytest.mark.parametrize("text", FLOODS, ids=lambda text: f"{text[:2]!a} and so on")
def test_a_flood_is_refused_before_it_costs_anything(text: str) -> None:
    before = time.process_time()
    with pytest.raises(InputInvalid, match="input_invalid"):
        canonical_email(text)

    # A megabyte takes the validator 0.5 s; the bound is checked in microseconds.
    assert time.process_time() - before < 0.2


@pytest.mark.parametrize(
    "text",
    ["\u0301" * 200 + "@example.com", "a" + "\u0301" * 120 + "@example.com", "a." * 120 + "@x"],
)
def test_within_the_bound_nothing_is_slow(text: str) -> None:
    before = time.process_time()
    _canonical_or_none(text)

    assert time.process_time() - before < 0.2


LOCALS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40)
DOMAINS = st.sampled_from(
    ["example.com", "B\u00dcCHER.example", "\u0646\u0627\u0645\u0647\u200c.com"]
)


@given(LOCALS, DOMAINS)
@example("\u0391\u03a3", "example.com")
@example(I_WITH_DOT + "\u0307", "example.com")
@example(KELVIN + "\u0301", "example.com")
def test_the_canonical_form_is_its_own(local: str, domain: str) -> None:
    canonical = _canonical_or_none(f"{local}@{domain}")
    assume(canonical is not None)
    assert canonical is not None

    assert canonical_email(canonical) == canonical
    assert canonical == unicodedata.normalize("NFC", canonical)
    assert canonical == canonical.lower().strip()
    assert canonical.partition("@")[2].isascii()


@given(st.text(max_size=300))
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    canonical = _canonical_or_none(text)

    assert canonical is None or canonical_email(canonical) == canonical


def _canonical_or_none(text: str) -> EmailAddress | None:
    try:
        return canonical_email(text)
    except InputInvalid:
        return None


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Bob@B\u00fccher.Example", "bob@b\u00fccher.example"),
        ("bob@b\u00fccher.exa", "bob@b\u00fccher.example"),
        ("bob@b\u00fccher", "bob@b\u00fccher.example"),
        (" BOB@", "bob@b\u00fccher.example"),
        ("ren\u0065\u0301", "ren\u00e9@example.com"),
    ],
)
def test_what_somebody_begins_to_type_finds_the_address(typed: str, stored: str) -> None:
    assert canonical_email(stored).startswith(search_prefix(typed))


@given(st.text(max_size=300))
def test_any_text_can_be_searched_for(text: str) -> None:
    assert isinstance(search_prefix(text), str)
