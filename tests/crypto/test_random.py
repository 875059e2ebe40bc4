import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import pytest

from keystead.crypto.random import SystemRandomness, new_master_key
from tests.store.samples import NOW

random = SystemRandomness()

UNLIKELY_CHI_SQUARE = 400.0
"""For 255 degrees of freedom the mean is 255; above this once in 100 million runs."""


def chi_square(values: Iterable[int]) -> float:
    """Return how far byte values are from being equally frequent."""
    counts = [0] * 256
    for value in values:
        counts[value] += 1
    expected = sum(counts) / 256
    return sum((count - expected) ** 2 for count in counts) / expected


def test_an_id_is_a_uuid_of_version_seven() -> None:
    for text in (random.new_id(NOW) for _ in range(1000)):
        found = uuid.UUID(text)
        assert str(found) == text
        assert found.version == 7
        assert found.variant == uuid.RFC_4122


@pytest.mark.parametrize(
    "now", [NOW, datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)]
)
def test_an_id_tells_the_millisecond_it_was_made_in(now: datetime) -> None:
    assert uuid.UUID(random.new_id(now)).int >> 80 == round(now.timestamp() * 1000)


def test_ids_sort_by_time() -> None:
    ids = [random.new_id(NOW + timedelta(milliseconds=n)) for n in range(1000)]

    assert ids == sorted(ids)


def test_of_a_hundred_thousand_ids_in_one_millisecond_none_comes_twice() -> None:
    ids = [uuid.UUID(random.new_id(NOW)) for _ in range(100_000)]

    assert len(set(ids)) == len(ids)
    # RFC 9562 section 5.7: 12 bits, the variant, then 62 bits. The whole bytes among them:
    for place in (7, *range(9, 16)):
        assert chi_square(found.bytes[place] for found in ids) < UNLIKELY_CHI_SQUARE, place


@pytest.mark.requirement(50)
@pytest.mark.parametrize(("make", "size"), [(random.new_salt, 16), (new_master_key, 32)])
def test_secrets_are_long_unique_and_even(make: Callable[[], bytes], size: int) -> None:
    found = [make() for _ in range(100_000)]

    assert {len(secret) for secret in found} == {size}
    assert len(set(found)) == len(found)
    for place in range(size):
        assert chi_square(secret[place] for secret in found) < UNLIKELY_CHI_SQUARE, place
