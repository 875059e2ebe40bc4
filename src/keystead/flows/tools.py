"""What every flow is handed: the ports, as `app` fulfilled them, and the rules that settings chose."""

from dataclasses import dataclass

from keystead.domain.passwords import PasswordPolicy
from keystead.domain.ports import (
    AccessTokens,
    CanonicalEmail,
    CsrfTokens,
    FindPlace,
    Passwords,
    Randomness,
    ReadDevice,
    Record,
    RefreshTokens,
    SearchPrefix,
)
from keystead.domain.session import SessionPolicy
from keystead.domain.store import Store
from keystead.flows.unsettled import UnsettledRotations


@dataclass(frozen=True, slots=True)
class Tools:
    """The outside world, as far as the flows know it."""

    store: Store
    passwords: Passwords
    access_tokens: AccessTokens
    refresh_tokens: RefreshTokens
    random: Randomness
    canonical_email: CanonicalEmail
    search_prefix: SearchPrefix
    find_place: FindPlace
    read_device: ReadDevice
    record: Record
    unsettled: UnsettledRotations
    session_policy: SessionPolicy
    password_policy: PasswordPolicy
    csrf_tokens: CsrfTokens
