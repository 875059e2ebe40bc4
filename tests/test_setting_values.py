"""How a setting's text becomes a value."""

from datetime import timedelta
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.setting_values import PRIVATE_NETWORKS, duration, human, networks


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("500ms", 0.5), ("10s", 10), ("5m", 300), ("2h", 7200), ("14d", 1_209_600)),
        *(("4w", 2_419_200), ("0", 0), ("1.5h", 5400)),
        *((" 5m ", 300), ("5 m", 300), ("0.25s", 0.25)),
    ],
)
def test_a_duration_has_a_unit(text: str, seconds: float) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["20", "1209600000", "1.5"])
def test_a_bare_number_is_refused_since_nobody_knows_its_unit(text: str) -> None:
    with pytest.raises(ValueError, match="a duration such as"):
        duration(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "five minutes",
            "-5m",
            "+5m",
            "5mm",
            "5M",
            "m",
            "5m10s",
            "1e3",
            "0x10",
            "1,5h",
            ".5s",
        ),
        *("nan", "inf", "\u221e", "5m\x00", "9" * 100, "999999999999999w", "999999999999d"),
    ],
)
def test_what_is_no_duration_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match="a duration such as"):
        duration(text)


@given(st.integers(0, 400 * 86_400_000).map(lambda millis: timedelta(milliseconds=millis)))
def test_a_duration_is_written_as_it_is_read(value: timedelta) -> None:
    assert duration(human(value)) == value


@pytest.mark.parametrize("text", ["true", "True", "1", "on", "YES"])
def test_a_yes_trusts_the_private_networks(text: str) -> None:
    assert networks(text) == tuple(ip_network(network) for network in PRIVATE_NETWORKS)
    assert not any(network.is_global for network in networks(text))


@pytest.mark.parametrize("text", ["", "false", "0", "off", "no", "none", "None", ",", " , "])
def test_a_no_trusts_nobody(text: str) -> None:
    assert networks(text) == ()


@pytest.mark.parametrize(
    "text", ["loopback", "2", "10.0.0.1/8", "10.0.0.0/33", "10.0.0", "a,10.0.0.0/8", "*", "::1/129"]
)
def test_what_is_no_network_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match="CIDRs such as"):
        networks(text)
