"""What pages of other origins are told (OWASP ASVS 5.0 3.4.2; Fetch Standard, CORS protocol)."""

import httpx
import pytest

from tests.conftest import Service, StartService
from tests.people import Person

pytestmark = [
    pytest.mark.requirement(74),
    pytest.mark.only_on("sqlite", because="no database is asked about it"),
]

APP, OTHER = "https://app.example.com", "http://localhost:5173"
QUESTION = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization",
}

NOT_LISTED = [
    "https://evil.example",
    "null",
    "http://app.example.com",
    "https://app.example.com:8443",
    "https://app.example.com/",
    "https://sub.app.example.com",
    "https://app.example.com.evil.example",
    "https://evil-app.example.com",
    "HTTPS://app.example.com",
    "*",
    "",
]


@pytest.fixture
async def service(start: StartService) -> Service:
    return await start(allowed_origins=f"{APP},{OTHER}")


def told(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-")}


@pytest.mark.parametrize("origin", [APP, OTHER])
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/profile", 401),
        ("GET", "/nowhere", 404),
        ("PATCH", "/profile", 405),
        ("POST", "/auth/refresh", 401),
    ],
)
async def test_a_listed_origin_may_read_every_answer(
    service: Service, origin: str, method: str, path: str, status: int
) -> None:
    answer = await service.client().request(method, path, headers={"Origin": origin})

    assert answer.status_code == status
    assert answer.headers.get_list("access-control-allow-origin") == [origin]
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["vary"] == "Origin"
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"Retry-After", "RateLimit", "X-Request-ID", "WWW-Authenticate"} <= set(exposed)


@pytest.mark.parametrize("origin", NOT_LISTED)
async def test_any_other_origin_is_told_nothing(bob: Person, origin: str) -> None:
    headers = {"Origin": origin}

    answers = [
        await bob.client.get("/profile", headers=headers | bob.bearer),
        await bob.client.options("/auth/login", headers=headers | QUESTION),
        await bob.client.post("/auth/refresh", headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [200, 405, 403]
    for answer in answers:
        assert told(answer) == {}
        assert answer.headers["vary"] == "Origin"


async def test_without_an_origin_only_caches_are_told_something(service: Service) -> None:
    answer = await service.client().get("/")

    assert told(answer) == {}
    assert answer.headers["vary"] == "Origin"


async def test_a_listed_origin_may_ask_whether_it_may_ask(service: Service) -> None:
    client = service.client()

    answer = await client.options("/auth/login", headers={"Origin": APP, **QUESTION})

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == APP
    assert answer.headers["access-control-allow-credentials"] == "true"
    methods = answer.headers["access-control-allow-methods"].split(", ")
    assert {"GET", "POST", "PUT", "DELETE"} <= set(methods)
    allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
    assert {"authorization", "content-type", "x-csrf-token"} <= set(allowed)
    assert "*" not in str(answer.headers)
    # An OPTIONS that is no such question is as unknown as before.
    assert (await client.options("/auth/login", headers={"Origin": APP})).status_code == 405


async def test_a_listed_page_signs_in_and_stays_signed_in(service: Service) -> None:
    client = service.client()
    client.headers.update({"Origin": OTHER, "Sec-Fetch-Site": "same-site"})

    bob = await service.person("bob", client=client)

    assert (await bob.refresh()).status_code == 200
    profile = await bob.profile()
    assert (profile.status_code, profile.headers["access-control-allow-origin"]) == (200, OTHER)


async def test_with_no_list_nothing_is_said_to_anybody(start: StartService) -> None:
    client = (await start()).client()

    for answer in (
        await client.get("/", headers={"Origin": APP}),
        await client.options("/auth/login", headers={"Origin": APP, **QUESTION}),
    ):
        assert told(answer) == {}
        assert "vary" not in answer.headers
