"""What every flow is handed: the ports, as `app` fulfilled them, and the rules that settings chose."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from keystead.domain.audit import AuditRecord
from keystead.domain.events import Event
from keystead.domain.passwords import PasswordPolicy
from keystead.domain.ports import (
    AccessTokens,
    AttemptCounts,
    AuditSeals,
    CanonicalEmail,
    CounterKey,
    CsrfTokens,
    DeviceTokens,
    FindPlace,
    Inspect,
    IsDegraded,
    Passwords,
    Randomness,
    ReadDevice,
    Record,
    RefreshTokens,
    SearchPrefix,
)
from keystead.domain.session import Origin, SessionPolicy
from keystead.domain.step_up import StepUpPolicy
from keystead.domain.store import Store
from keystead.domain.throttle import ThrottlePolicy
from keystead.flows.unsettled import UnsettledRotations


@dataclass(frozen=True)
class Tools:
    """
    The outside world, as far as the flows know it.

    Args:
        origin: where what is to be done now was asked for; the web says so for each request.
        audit_trim_after: how long the audit log keeps whole addresses and user agents.

    """

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
    access_token_lifetime: timedelta
    password_policy: PasswordPolicy
    step_up_policy: StepUpPolicy
    device_tokens: DeviceTokens
    counter_key: CounterKey
    counts: AttemptCounts
    is_degraded: IsDegraded
    inspect: Inspect
    throttle_policy: ThrottlePolicy
    csrf_tokens: CsrfTokens
    audit: AuditSeals
    audit_trim_after: timedelta
    origin: Origin

    def asked_from(self, origin: Origin) -> "Tools":
        """Return the same for what is asked for at *origin*."""
        # Not `replace`, which goes through all fields: this is done for each request.
        asked = object.__new__(Tools)
        asked.__dict__.update(self.__dict__, origin=origin)
        return asked

    def audit_record(self, event: Event, now: datetime) -> AuditRecord:
        """Return what the audit log is to hold of *event*, for the verb that makes it happen."""
        return self.audit.record(event, self.origin, now)
