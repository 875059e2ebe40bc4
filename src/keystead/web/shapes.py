"""What goes over the wire: every response and request body, member by member."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from keystead.domain.session import Place, Session, SessionId
from keystead.domain.user import User

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""UTC with milliseconds, as JavaScript writes it: 2026-11-23T20:22:48.147Z."""


def moment(when: datetime) -> Moment:
    """Write *when*, which is in UTC."""
    return f"{when.isoformat(timespec='milliseconds')[:-6]}Z"


class Shape(BaseModel):
    """Members in camelCase; nothing is coerced from another type."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, strict=True, frozen=True
    )


class Query(BaseModel):
    """Query parameters: texts, each at most once; one that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PageQuery(Query):
    """How much of a list to show at once."""

    limit: int = Field(50, ge=1, le=100)


class CredentialsBody(Shape):
    """Who, and the proof. Other members are ignored."""

    email: str = Field(examples=["ada@example.com"], json_schema_extra={"format": "email"})
    password: str = Field(examples=["correct horse battery staple"])


class PasswordBody(Shape):
    """The password of whoever is signed in. Other members are ignored."""

    password: str = Field(examples=["correct horse battery staple"])


class StatusBody(Shape):
    """Whether a user may sign in."""

    status: Literal["active", "disabled"]


class UserShape(Shape):
    """An account as its owner sees it."""

    id: str = Field(serialization_alias="_id", examples=["0199c0de-7a11-7b0b-9c5e-3f2a6c1d9e42"])
    email: str = Field(examples=["ada@example.com"])
    role: Literal["admin", "user"]
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, user: User) -> Self:
        """Show *user*."""
        return cls(
            id=user.id,
            email=user.email,
            role=user.role.value,
            created_at=moment(user.created_at),
            updated_at=moment(user.updated_at),
        )


class ManagedUserShape(UserShape):
    """An account as the user routes show it."""

    status: Literal["active", "disabled"]

    @classmethod
    def of(cls, user: User) -> Self:
        """Show *user*."""
        return cls(**_members(UserShape.of(user)), status=user.status.value)


class LocationShape(Shape):
    """Roughly where an IP address is."""

    city: str | None
    region: str | None
    country: str | None
    country_code: str | None
    latitude: float | None
    longitude: float | None

    @classmethod
    def of(cls, place: Place) -> Self:
        """Show *place*."""
        return cls(
            city=place.city,
            region=place.region,
            country=place.country,
            country_code=place.country_code,
            latitude=place.latitude,
            longitude=place.longitude,
        )


class SessionShape(Shape):
    """One sign-in on one device."""

    session_id: str
    ip: str | None = Field(examples=["203.0.113.7"])
    device: str | None = Field(examples=["iPhone"])
    user_agent: str | None
    location: LocationShape | None
    created_at: Moment
    last_active_at: Moment
    expires_at: Moment

    @classmethod
    def of(cls, session: Session) -> Self:
        """Show *session*."""
        client = session.client
        return cls(
            session_id=session.id,
            ip=client.ip,
            device=client.device.name,
            user_agent=client.user_agent,
            location=None if client.place is None else LocationShape.of(client.place),
            created_at=moment(session.created_at),
            last_active_at=moment(session.last_active_at),
            expires_at=moment(session.expires_at),
        )


class DeviceShape(SessionShape):
    """One sign-in, with what helps a person to recognise it."""

    browser: str | None = Field(examples=["Firefox 132"])
    os: str | None = Field(examples=["Windows 11"])
    city: str | None
    country: str | None
    current: bool

    @classmethod
    def seen_from(cls, session: Session, current: SessionId) -> Self:
        """Show *session* to somebody who uses the session *current*."""
        place = session.client.place or Place()
        return cls(
            **_members(SessionShape.of(session)),
            browser=session.client.device.browser,
            os=session.client.device.os,
            city=place.city,
            country=place.country,
            current=session.id == current,
        )


class Message(Shape):
    """What happened, in words."""

    message: str


class UserAnswer(Message):
    """An account."""

    user: UserShape


class ManagedUserAnswer(Message):
    """An account, with its status."""

    user: ManagedUserShape


class LoginAnswer(Message):
    """An access token; the refresh token travels in a cookie."""

    access_token: str
    user: UserShape


class RefreshAnswer(Message):
    """A new access token; the new refresh token travels in a cookie."""

    access_token: str


class ProfileAnswer(Message):
    """Who is asking, and under which session."""

    user: UserShape
    session: SessionShape


class UsersAnswer(Message):
    """One page of accounts; `nextCursor` is null on the last one."""

    users: list[ManagedUserShape]
    next_cursor: str | None


class SessionsAnswer(Message):
    """Live sessions, newest first."""

    sessions: list[DeviceShape]


class EndedAnswer(Message):
    """How many sessions ended."""

    ended: int


class ServiceAnswer(Shape):
    """What runs here. `status` is `degraded` while the database does not answer."""

    name: str
    version: str
    status: Literal["ok", "degraded"]


class HealthAnswer(Shape):
    """The process, or the database behind it, answers; `degraded`: it does, and Redis does not."""

    status: Literal["ok", "degraded"]


def _members(shape: Shape) -> dict[str, Any]:
    return {name: getattr(shape, name) for name in type(shape).model_fields}
