"""
What every store promises. An adapter's test module subclasses `StoreContract`; none is exempt.

It brings six fixtures: `store`, `another_store` (a second one on the same database, as another
process would have it), `reading_store` (a third one, not open yet), `closed_store`,
`store_on_nothing`, where there is no database and after the test still is none, and
`unusable_store`, whose database has become unreadable while it was open. Where a promise speaks of any number of callers, they come through both stores.
"""

from tests.store.contract_admins import AdminPromises
from tests.store.contract_attempts import AttemptPromises
from tests.store.contract_audit import AuditPromises
from tests.store.contract_authentication import AuthenticationPromises
from tests.store.contract_failure import FailurePromises
from tests.store.contract_listing import ListingPromises
from tests.store.contract_overview import OverviewPromises
from tests.store.contract_races import RacePromises
from tests.store.contract_rotation import RotationPromises
from tests.store.contract_sessions import SessionPromises
from tests.store.contract_text import TextPromises
from tests.store.contract_transfer import TransferPromises
from tests.store.contract_upkeep import UpkeepPromises
from tests.store.contract_users import UserPromises


class StoreContract(
    UserPromises,
    ListingPromises,
    AdminPromises,
    SessionPromises,
    RotationPromises,
    AuthenticationPromises,
    AttemptPromises,
    UpkeepPromises,
    AuditPromises,
    OverviewPromises,
    TransferPromises,
    RacePromises,
    TextPromises,
    FailurePromises,
):
    """Every verb of `domain.store.Store` and `domain.transfer.Transfer`, and what each promises."""
