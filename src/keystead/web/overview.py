"""What an admin should know at a glance."""

from collections import Counter
from collections.abc import Iterable
from typing import Self

from pydantic import Field
from starlette.responses import Response

from keystead.domain.errors import Forbidden
from keystead.domain.networks import network_of
from keystead.domain.overview import MOST, MOST_A_DAY, Concern, Day, Installation, Whereabouts
from keystead.domain.permissions import Permission
from keystead.domain.session import Place
from keystead.flows.overview import get_overview
from keystead.web.access import NEEDS, Routes
from keystead.web.call import Call
from keystead.web.replies import reply
from keystead.web.shapes import LocationShape, Message, Moment, Shape, moment

routes = Routes()

LISTED = 100
"""Places or networks in an answer, the most frequent first."""


class AccountCounts(Shape):
    """How many accounts there are; `counted` of `OverviewAnswer` or more, where it is that number."""

    total: int
    admins: int
    disabled: int


class DayShape(Shape):
    """What happened on one day in UTC."""

    day: str = Field(examples=["2026-11-26"], json_schema_extra={"format": "date"})
    sign_ins: int
    failures: int
    registrations: int
    replays: int = Field(description="Refresh tokens that came back after they were spent")

    @classmethod
    def of(cls, day: Day) -> Self:
        """Show *day*."""
        return cls(
            day=day.begins_at.date().isoformat(),
            sign_ins=day.sign_ins,
            failures=day.failures,
            registrations=day.registrations,
            replays=day.replays,
        )


class PlaceCount(LocationShape):
    """How many of the sessions looked at were opened in one place."""

    sessions: int


class NetworkCount(Shape):
    """How many of them were opened from one network, the place of which is not known."""

    network: str = Field(examples=["203.0.113.0/24"])
    sessions: int


class OverviewAnswer(Message):
    """How it goes. `counted` and `countedADay`: where the counts stop."""

    accounts: AccountCounts
    sessions: int
    counted: int
    counted_a_day: int = Field(serialization_alias="countedADay")
    days: list[DayShape]
    sampled: int = Field(description="How many sessions `places` and `networks` are about")
    places: list[PlaceCount]
    networks: list[NetworkCount]
    database: str = Field(examples=["PostgreSQL"])
    version: str
    geo_built_at: Moment | None
    warnings: list[Concern]


@routes.add(
    "GET",
    "/overview",
    access=NEEDS(Permission.OVERVIEW_READ),
    answer=OverviewAnswer,
    refuses=(Forbidden,),
    tags=["overview"],
)
async def get_figures(call: Call) -> Response:
    """Say how many accounts and sessions there are, how it went for two weeks, and what to see to."""
    found = await get_overview(call.tools, call.now)
    counts, installation = found.counts, found.installation
    built_at = installation.geo_built_at
    return reply(
        OverviewAnswer(
            message="Overview fetched",
            accounts=AccountCounts(
                total=counts.users, admins=counts.admins, disabled=counts.disabled
            ),
            sessions=counts.sessions,
            counted=MOST,
            counted_a_day=MOST_A_DAY,
            days=[DayShape.of(day) for day in found.days],
            sampled=len(found.sample),
            places=_places(found.sample),
            networks=_networks(found.sample),
            database=installation.database,
            version=call.context.version,
            geo_built_at=moment(built_at) if built_at else None,
            warnings=_warnings(call, installation),
        )
    )


def _places(sample: Iterable[Whereabouts]) -> list[PlaceCount]:
    """Count by city: a geo database gives one city several coordinates, of which the first stands for all."""
    firsts: dict[tuple[str | None, ...], Place] = {}
    found: Counter[tuple[str | None, ...]] = Counter()
    for place in (one.place for one in sample if one.place):
        city = (place.city, place.region, place.country)
        firsts.setdefault(city, place)
        found[city] += 1
    return [
        PlaceCount(**LocationShape.of(firsts[city]).model_dump(), sessions=count)
        for city, count in found.most_common(LISTED)
    ]


def _networks(sample: Iterable[Whereabouts]) -> list[NetworkCount]:
    networks = (network_of(one.ip) for one in sample if one.place is None)
    found = Counter(network for network in networks if network)
    return [
        NetworkCount(network=network, sessions=count)
        for network, count in found.most_common(LISTED)
    ]


def _warnings(call: Call, installation: Installation) -> list[Concern]:
    """Return the concerns, and what this very request shows of the proxy in front."""
    peer = call.client.host if call.client else None
    concerns = list(installation.concerns)
    if call.head.forwarded and call.trace.ip == peer:
        concerns.append(Concern.PROXY_UNTRUSTED)
    if installation.expects_proxy and not call.head.forwarded:
        concerns.append(Concern.PROXY_SILENT)
    return concerns
