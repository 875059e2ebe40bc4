"""What is read of the headers before anything else, and which of them no request may have."""

import pytest

from keystead.web.errors import HeadersTooLarge, RequestMalformed
from keystead.web.head import MAX_HEADER_BYTES, SINGLE_HEADERS, read_head

Headers = list[tuple[bytes, bytes]]


@pytest.mark.parametrize("name", sorted(SINGLE_HEADERS))
def test_what_may_stand_once_is_refused_twice_though_it_says_the_same(name: bytes) -> None:
    read_head([(name, b"chunked")]).check()

    with pytest.raises(RequestMalformed) as refused:
        read_head([(name, b"chunked"), (name, b"chunked")]).check()

    assert refused.value.headers == {"Connection": "close"}


def test_what_may_stand_more_often_is_kept_in_its_order() -> None:
    head = read_head([(b"x-forwarded-for", b"a"), (b"cookie", b"x"), (b"x-forwarded-for", b"b")])

    head.check()
    assert head.forwarded == [b"a", b"b"]


def test_names_and_values_together_may_have_16_kib() -> None:
    name = b"x-filler"
    read_head([(name, bytes(MAX_HEADER_BYTES - len(name)))]).check()

    with pytest.raises(HeadersTooLarge):
        read_head([(name, bytes(MAX_HEADER_BYTES - len(name) + 1))]).check()


@pytest.mark.parametrize(
    "headers",
    [
        [(b"transfer-encoding", b"gzip")],
        [(b"transfer-encoding", b"gzip, chunked")],
        [(b"transfer-encoding", b"chunked"), (b"content-length", b"4")],
        [(b"transfer-encoding", b"")],
    ],
)
def test_a_length_that_could_be_read_in_two_ways_is_refused(headers: Headers) -> None:
    with pytest.raises(RequestMalformed):
        read_head(headers).check()


def test_a_body_is_announced_by_its_length_or_by_being_in_chunks() -> None:
    for headers in ([(b"content-length", b"1")], [(b"transfer-encoding", b"chunked")]):
        assert read_head(headers).announces_body
    for without in ([], [(b"content-length", b"0")]):
        assert not read_head(without).announces_body


def test_no_host_is_not_the_same_as_an_empty_one() -> None:
    assert read_head([]).host is None
    assert read_head([(b"host", b"")]).host == b""
