"""People, devices, records and figures that could be real."""

from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

NOW = datetime.now(UTC)

ME = "0199c0de-7a11-7b0b-9c5e-3f2a6c1d9e42"
ADA = "0199b0aa-11e2-7c4d-8f00-5b7d2c9a1f03"


def at(**ago: float) -> str:
    """Return the moment so long ago, as the API writes it."""
    return f"{(NOW - timedelta(**ago)).isoformat(timespec='milliseconds')[:-6]}Z"


def user(
    id_: str, email: str, role: str = "user", status: str = "active", days: float = 200
) -> Json:
    """Return an account."""
    return {
        "_id": id_,
        "email": email,
        "role": role,
        "status": status,
        "createdAt": at(days=days),
        "updatedAt": at(days=days / 3),
    }


def session(  # noqa: PLR0913, PLR0917 - a row of a table
    number: int, device: str | None, browser: str | None, os: str | None, place: Json | None,
    ip: str, active: Json, since: Json, *, current: bool = False,
) -> Json:  # fmt: skip
    """Return a session; *active* and *since* say how long ago."""
    return {
        "sessionId": f"0199c0de-0000-7000-8000-{number:012}",
        "ip": ip,
        "device": device,
        "userAgent": f"Mozilla/5.0 ({os}) {browser}",
        "location": place,
        "createdAt": at(**since),
        "lastActiveAt": at(**active),
        "expiresAt": at(days=-13),
        "browser": browser,
        "os": os,
        "city": (place or {}).get("city"),
        "country": (place or {}).get("country"),
        "current": current,
    }


def place(city: str, country: str, code: str, latitude: float, longitude: float) -> Json:
    """Return a location."""
    return {
        "city": city,
        "region": None,
        "country": country,
        "countryCode": code,
        "latitude": latitude,
        "longitude": longitude,
    }


LONDON = place("London", "United Kingdom", "GB", 51.51, -0.13)
LISBON = place("Lisbon", "Portugal", "PT", 38.72, -9.14)
HANOI = place("Hanoi", "Vietnam", "VN", 21.03, 105.85)

SESSIONS = [
    session(1, "Desktop", "Firefox 145", "Windows 11", LONDON, "81.2.69.160", {"seconds": 4}, {"days": 12}, current=True),
    session(2, "iPhone", "Mobile Safari 26", "iOS 26", LONDON, "81.2.69.144", {"minutes": 3}, {"days": 61}),
    session(3, "Desktop", "Chrome 142", "Linux", HANOI, "113.160.92.202", {"minutes": 41}, {"hours": 5}),
    session(4, "iPad", "Mobile Safari 26", "iPadOS 26", LISBON, "2001:818:dc43:9100::3", {"days": 2}, {"days": 24}),
    session(5, None, "curl 8.14", None, LONDON, "81.2.69.160", {"days": 6}, {"days": 6}),
]  # fmt: skip

PEOPLE = [
    user(ADA, "ada.lovelace@example.com", "admin", days=612),
    user("u02", "alan.turing@example.com", days=431),
    user("u03", "annie.easley@example.com", days=402),
    user("u04", "barbara.liskov@example.com", "admin", days=377),
    user("u05", "claude.shannon@example.com", days=341),
    user("u06", "donald.knuth@example.com", status="disabled", days=298),
    user("u07", "edsger.dijkstra@example.com", days=260),
    user("u08", "frances.allen@example.com", days=204),
    user("u09", "grace.hopper@example.com", days=163),
    user("u10", "hedy.lamarr@example.com", days=120),
    user("u11", "john.backus@example.com", days=77),
    user("u12", "katherine.johnson@example.com", days=42),
    user("u13", "margaret.hamilton@example.com", days=18),
    user("u14", "radia.perlman@example.com", days=6),
    user(ME, "tim@example.com", days=2),
]

XSS = "<img src=x onerror=document.title='owned'>"


def record(  # noqa: PLR0913, PLR0917 - a row of a table
    number: int, event: str, actor: str | None, subject: str | None, ago: Json,
    severity: str = "info", detail: str | None = None, ip: str | None = "81.2.69.160",
) -> Json:  # fmt: skip
    """Return a record of the audit log."""
    return {
        "_id": f"0199c0de-{9000 - number}-7b0b-9c5e-3f2a6c1d9e42",
        "seq": 48_211 - number,
        "at": at(**ago),
        "event": event,
        "severity": severity,
        "actor": actor,
        "subject": subject,
        "session": f"0199c0de-0000-7000-8000-{number:012}",
        "ended": None,
        "detail": detail,
        "ip": ip,
        "userAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
    }


RECORDS = [
    record(1, "authn_login_success", ADA, ADA, {"seconds": 20}),
    record(2, "user_status_changed", ADA, "u06", {"minutes": 8}, detail="disabled"),
    record(3, "authn_token_reuse", None, "u06", {"minutes": 11}, "critical", ip="113.160.92.202"),
    record(4, "authn_login_fail", None, "u06", {"minutes": 14}, "warning", ip="113.160.92.202"),
    record(5, "authn_login_fail", None, "u06", {"minutes": 15}, "warning", ip="113.160.92.202"),
    record(6, "authz_change", ADA, "u04", {"hours": 3}, detail="admin"),
    record(7, "session_ended", "u09", "u09", {"hours": 5}, ip="217.129.14.8"),
    record(8, "authn_reauthenticated", ADA, ADA, {"hours": 5}),
    record(9, "user_created", None, ME, {"days": 2}, ip="81.2.69.144"),
    record(10, "authn_login_success", ME, ME, {"days": 2}, ip="81.2.69.144"),
    record(11, "user_deleted", ADA, "gone", {"days": 3}),
    record(12, "authz_fail", "u11", None, {"days": 4}, "warning", detail="users:list"),
]

SIGN_INS = (397, 412, 388, 431, 446, 402, 211, 196, 421, 455, 463, 472, 418, 230, 254)
FAILURES = (18, 21, 17, 25, 19, 22, 9, 8, 24, 31, 96, 44, 20, 11, 13)

DAYS = [
    {
        "day": (NOW - timedelta(days=14 - n)).date().isoformat(),
        "signIns": good,
        "failures": bad,
        "registrations": (n * 5) % 7 + 1,
        "replays": int(bad == max(FAILURES)),
    }
    for n, (good, bad) in enumerate(zip(SIGN_INS, FAILURES, strict=True))
]

PLACES = [
    {**LONDON, "sessions": 412},
    {**place("Manchester", "United Kingdom", "GB", 53.48, -2.24), "sessions": 148},
    {**LISBON, "sessions": 97},
    {**place("Berlin", "Germany", "DE", 52.52, 13.4), "sessions": 86},
    {**place("New York", "United States", "US", 40.71, -74.01), "sessions": 74},
    {**place("Toronto", "Canada", "CA", 43.65, -79.38), "sessions": 52},
    {**place("São Paulo", "Brazil", "BR", -23.55, -46.63), "sessions": 41},
    {**place("Nairobi", "Kenya", "KE", -1.29, 36.82), "sessions": 28},
    {**place("Sydney", "Australia", "AU", -33.87, 151.21), "sessions": 26},
    {**HANOI, "sessions": 19},
    {**place("Tokyo", "Japan", "JP", 35.68, 139.69), "sessions": 17},
]

OVERVIEW: Json = {
    "accounts": {"total": 1284, "admins": 3, "disabled": 12},
    "sessions": 2147,
    "counted": 50_000,
    "countedADay": 10_000,
    "days": DAYS,
    "sampled": 1000,
    "places": PLACES,
    "networks": [],
    "database": "PostgreSQL",
    "version": "0.1.0",
    "geoBuiltAt": at(days=9),
    "warnings": [],
}
