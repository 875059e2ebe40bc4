"""Under which names attempts are counted: nobody can tell from one whom it counts."""

from dataclasses import replace

from keystead.crypto.counter_keys import CounterKeys
from keystead.crypto.keyring import Keyring
from keystead.crypto.random import new_master_key


def test_a_counters_key_is_always_the_same_and_says_nothing(keyring: Keyring) -> None:
    key_of = CounterKeys(keyring)

    assert key_of("account", "bob") == CounterKeys(keyring)("account", "bob")
    others = {key_of("account", "bob"), key_of("account", "eve"), key_of("device", "bob")}
    assert len(others) == 3
    assert all(len(key) == 43 and "bob" not in key for key in others)


def test_without_the_keys_nobody_computes_it(keyring: Keyring) -> None:
    foreign = CounterKeys(replace(keyring, master_keys={1: new_master_key()}))

    assert foreign("account", "bob") != CounterKeys(keyring)("account", "bob")


def test_where_the_kind_ends_and_the_subject_begins_counts(keyring: Keyring) -> None:
    key_of = CounterKeys(keyring)

    assert key_of("sign-in-address", "x") != key_of("sign-in", "-addressx")


def test_a_newer_key_begins_all_counters_anew(keyring: Keyring) -> None:
    newer = CounterKeys(replace(keyring, master_keys={**keyring.master_keys, 2: new_master_key()}))

    assert newer("account", "bob") != CounterKeys(keyring)("account", "bob")
