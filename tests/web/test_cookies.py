"""The refresh cookie: its attributes, and which cookies are believed (OWASP ASVS 5.0 3.3)."""

import httpx
import pytest

from tests.conftest import Clock, Service, StartService
from tests.people import Person, refresh_with
from tests.web.expect import SetCookie, assert_problem, set_cookie

pytestmark = pytest.mark.only_on("sqlite", because="no database is asked about it")

STRONG = {"argon2_memory_kib": 19_456, "argon2_iterations": 2}
"""Production refuses anything less."""

IDLE_SECONDS = 14 * 86_400
SECURE = {"path": "/", "httponly": "", "secure": "", "samesite": "Strict"}


@pytest.fixture
async def production(start: StartService) -> Service:
    return await start(environment="production", allowed_hosts="localhost", **STRONG)


async def over_https(service: Service, name: str) -> Person:
    client = service.client()
    client.base_url = httpx.URL("https://localhost")
    return await service.person(name, client=client)


async def every_cookie(service: Service, person: Person, clock: Clock) -> list[SetCookie]:
    """Return what signing in, refreshing, reuse, signing out and deletion set, in that order."""
    login = await person.login()
    refresh = await person.refresh()
    stolen = {"Cookie": f"{set_cookie(login).name}={set_cookie(login).value}"}
    clock.advance(minutes=1)
    reuse = await service.client().post("/auth/refresh", headers=stolen)
    await person.login()
    ended = await person.delete("/sessions")
    await person.login()
    logout = await person.client.post("/auth/logout", headers=person.bearer)
    await person.login()
    deletion = await person.delete(f"/users/{person.id}")
    return [set_cookie(each) for each in (login, refresh, reuse, ended, logout, deletion)]


async def test_in_development_the_cookie_works_over_http(
    service: Service, bob: Person, clock: Clock
) -> None:
    cookies = await every_cookie(service, bob, clock)

    assert {cookie.name for cookie in cookies} == {"refreshToken"}
    without_secure = {name: value for name, value in SECURE.items() if name != "secure"}
    assert [cookie.lasting for cookie in cookies] == [without_secure] * 6
    assert [cookie.max_age_seconds for cookie in cookies] == [IDLE_SECONDS] * 2 + [0] * 4
    assert [bool(cookie.value) for cookie in cookies] == [True] * 2 + [False] * 4


async def test_in_production_the_cookie_is_bound_to_the_host(
    production: Service, clock: Clock
) -> None:
    """RFC 6265bis section 4.1.3.2: Secure, Path=/, no Domain; deleting needs the same."""
    cookies = await every_cookie(production, await over_https(production, "bob"), clock)

    assert {cookie.name for cookie in cookies} == {"__Host-refreshToken"}
    assert [cookie.lasting for cookie in cookies] == [SECURE] * 6
    assert [cookie.max_age_seconds for cookie in cookies] == [IDLE_SECONDS] * 2 + [0] * 4


@pytest.mark.requirement(77)
async def test_whoever_is_signed_out_keeps_no_page_to_go_back_to(service: Service) -> None:
    """OWASP ASVS 5.0 14.3.1. Only the cache: the rest may be another application's."""
    bob, other = await service.person("bob"), await service.person("other")
    spared = await bob.delete("/sessions?except=current")
    leaving = [await bob.client.post("/auth/logout")]
    await bob.login()
    leaving.append(await bob.delete("/sessions"))
    await bob.login()
    leaving.append(await bob.delete(f"/users/{bob.id}"))

    assert [answer.headers["clear-site-data"] for answer in leaving] == ['"cache"'] * 3
    assert "clear-site-data" not in spared.headers
    assert "clear-site-data" not in (await other.refresh()).headers


async def test_the_cookie_is_opaque_and_short(bob: Person) -> None:
    token = bob.refresh_token or ""

    assert token.startswith("ksr_")
    assert len(token) < 128
    assert bob.id not in token
    assert bob.id.replace("-", "") not in token


@pytest.mark.parametrize(
    ("settings", "attributes"),
    [
        ({"cookie_secure": True}, SECURE),
        ({"cookie_secure": True, "cookie_same_site": "lax"}, SECURE | {"samesite": "Lax"}),
        ({"cookie_secure": True, "cookie_same_site": "none"}, SECURE | {"samesite": "None"}),
    ],
)
async def test_settings_choose_the_attributes(
    start: StartService, settings: dict[str, object], attributes: dict[str, str]
) -> None:
    service = await start(**settings)
    bob = await over_https(service, "bob")

    cookie = set_cookie(await bob.login())

    assert cookie.name == "__Host-refreshToken"
    assert cookie.lasting == attributes


async def test_a_session_shorter_than_usual_has_a_shorter_cookie(start: StartService) -> None:
    service = await start(session_idle="14d", session_lifetime="1h")
    bob = await service.person("bob")

    assert set_cookie(await bob.refresh()).max_age_seconds == 3600


@pytest.mark.parametrize(
    ("cookie", "code"),
    [
        ("refreshToken={0}", "refresh_missing"),  # a plain http page of the host can set this one
        ("__hOsT-refreshToken={0}", "refresh_missing"),
        ("__host-refreshtoken={0}", "refresh_missing"),
        ("=__Host-refreshToken={0}", "refresh_missing"),  # nameless: CVE-2023-23934
        ("x__Host-refreshToken={0}", "refresh_missing"),
        ("__Host-refreshToken ={0}", "refresh_missing"),
        ("__Secure-refreshToken={0}", "refresh_missing"),
        ("a=b, __Host-refreshToken={0}", "refresh_missing"),
        ('__Host-refreshToken="{0}"', "refresh_invalid"),
        ("__Host-refreshToken= {0}", "refresh_invalid"),
        ("__Host-refreshToken={0}; __Host-refreshToken=x", "refresh_invalid"),
        ("__Host-refreshToken=x; __Host-refreshToken={0}", "refresh_invalid"),
        ("__Host-refreshToken={0}; __Host-refreshToken={0}", "refresh_invalid"),
        ("__Host-refreshToken=%6b{0}", "refresh_invalid"),
        ("__Host-refreshToken={0}%00", "refresh_invalid"),
        ("__Host-refreshToken={0},x", "refresh_invalid"),
        ('__Host-refreshToken=j:{{"$ne":null}}', "refresh_invalid"),
        ("__Host-refreshToken=", "refresh_invalid"),
        ("__Host-refreshToken", "refresh_invalid"),
    ],
)
async def test_a_tossed_cookie_is_not_believed(production: Service, cookie: str, code: str) -> None:
    """A neighbouring host or a page over http can plant cookies, but never the right one."""
    bob = await over_https(production, "bob")
    token = bob.client.cookies["__Host-refreshToken"]

    answer = await production.client().post(
        "/auth/refresh", headers={"Cookie": cookie.format(token)}
    )

    assert_problem(answer, 401, code)
    assert "set-cookie" not in answer.headers
    # The effect: the token has not been spent, and its session lives.
    assert (await bob.refresh()).status_code == 200


async def test_a_second_cookie_header_does_not_hide_the_first(
    service: Service, bob: Person
) -> None:
    cookie = ("Cookie", f"refreshToken={bob.refresh_token}")

    answer = await service.client().post("/auth/refresh", headers=[cookie, cookie])

    assert_problem(answer, 401, "refresh_invalid")
    assert (await bob.refresh()).status_code == 200


@pytest.mark.parametrize(
    "cookie",
    [
        "a=b; refreshToken={0}; c=d",
        "a=b;refreshToken={0};",
        ";; refreshToken={0}",
        "x; refreshToken={0}",
    ],
)
async def test_other_cookies_do_not_matter(service: Service, bob: Person, cookie: str) -> None:
    headers = {"Cookie": cookie.format(bob.refresh_token)}

    answer = await service.client().post("/auth/refresh", headers=headers)

    assert answer.status_code == 200


async def test_the_prefixed_cookie_means_nothing_over_http(service: Service, bob: Person) -> None:
    headers = {"Cookie": f"__Host-refreshToken={bob.refresh_token}"}

    answer = await service.client().post("/auth/refresh", headers=headers)

    assert_problem(answer, 401, "refresh_missing")


async def test_the_cookie_alone_opens_nothing_but_the_refresh(bob: Person) -> None:
    """A browser sends it by itself; so whatever it opened could be opened by another site."""
    for method, path in (("GET", "/profile"), ("GET", "/sessions"), ("DELETE", "/sessions")):
        assert_problem(await bob.client.request(method, path), 401, "token_missing")

    assert (await refresh_with(bob.client, bob.refresh_token)).status_code == 200
