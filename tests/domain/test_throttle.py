"""Limits, and what counts as one address."""

from datetime import timedelta

import pytest

from keystead.domain.throttle import (
    AddressLimits,
    Limit,
    ThrottlePolicy,
    address_and_network,
)

HOUR = timedelta(hours=1)
POLICY = ThrottlePolicy(
    is_on=True,
    sign_ins=AddressLimits.hourly("sign-in", 60),
    registrations=AddressLimits.hourly("registration", 60),
)


def seconds_after(limit: Limit, made: range) -> list[float]:
    return [limit.wait_after(n).total_seconds() for n in made]


def test_an_account_has_five_free_guesses_then_waits_that_double_up_to_a_quarter_of_an_hour() -> (
    None
):
    assert seconds_after(POLICY.account, range(1, 5)) == [0, 0, 0, 0]
    doubling = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
    assert seconds_after(POLICY.account, range(5, 15)) == doubling
    assert seconds_after(POLICY.account, range(15, 100)) == [900] * 85


def test_no_more_than_a_hundred_failures_in_a_row() -> None:
    """NIST SP 800-63B-4 section 3.2.2."""
    assert POLICY.account.stop == 100
    assert POLICY.account.quota_after(100) == (100, timedelta(days=365))


def test_what_is_said_of_a_limit_is_what_it_lets_in() -> None:
    assert POLICY.account.quota_after(7) == (1, timedelta(seconds=4))
    assert POLICY.sign_ins.address.quota_after(60) == (60, HOUR)
    assert POLICY.sign_ins.network.quota_after(600) == (600, HOUR)


def test_a_first_attempt_is_waited_for_only_if_it_is_the_last_that_is_let_in() -> None:
    assert Limit.window("once", 1, HOUR).wait_after_first == HOUR
    assert Limit.window("twice", 2, HOUR).wait_after_first == timedelta(0)
    assert POLICY.account.wait_after_first == timedelta(0)


def test_limits_have_different_names() -> None:
    limits = [POLICY.account, POLICY.device]
    limits += [POLICY.sign_ins.address, POLICY.sign_ins.network]
    limits += [POLICY.registrations.address, POLICY.registrations.network]

    assert len({limit.name for limit in limits}) == 6


@pytest.mark.requirement(19)
@pytest.mark.parametrize(
    ("ip", "address", "network"),
    [
        ("198.51.100.7", "198.51.100.7/32", "198.51.100.0/24"),
        ("::ffff:198.51.100.7", "198.51.100.7/32", "198.51.100.0/24"),
        ("::FFFF:c633:6407", "198.51.100.7/32", "198.51.100.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("::1", "::/64", "::/48"),
        (None, "unknown", "unknown"),
    ],
)
def test_an_address_counts_with_what_its_owner_has_besides(
    ip: str | None, address: str, network: str
) -> None:
    assert address_and_network(ip) == (address, network)
