"""What every flow is handed: the ports, as `app` fulfilled them, and the rules that settings chose."""

from dataclasses import dataclass

from keystead.domain.passwords import PasswordPolicy
from keystead.domain.ports import (
    AccessTokens,
    AddressCounts,
    CanonicalEmail,
    CounterKey,
    CsrfTokens,
    DeviceTokens,
    FindPlace,
    IsDegraded,
    Passwords,
    Randomness,
    ReadDevice,
    Record,
    RefreshTokens,
    SearchPrefix,
)
from keystead.domain.session import SessionPolicy
from keystead.domain.step_up import StepUpPolicy
from keystead.domain.store import Store
from keystead.domain.throttle import ThrottlePolicy
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
    step_up_policy: StepUpPolicy
    device_tokens: DeviceTokens
    counter_key: CounterKey
    address_counts: AddressCounts
    is_degraded: IsDegraded
    throttle_policy: ThrottlePolicy
    csrf_tokens: CsrfTokens
