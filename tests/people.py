"""Who takes part in the tests: Ada administers, Bob uses, Eve attacks."""

from dataclasses import dataclass
from typing import Any

import httpx

PASSWORD = "correct horse battery staple"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
)

COOKIE = "refreshToken"


@dataclass
class Person:
    """Somebody with an account, on one device: a cookie jar and the newest access token."""

    client: httpx.AsyncClient
    email: str
    password: str = PASSWORD
    id: str = ""
    access_token: str = ""

    @property
    def bearer(self) -> dict[str, str]:
        """The header that a client of the API sends."""
        return {"Authorization": f"Bearer {self.access_token}"}

    @property
    def refresh_token(self) -> str | None:
        """What the cookie jar holds."""
        return self.client.cookies.get(COOKIE)

    async def register(self) -> httpx.Response:
        answer = await self.post("/auth/register", self.credentials)
        if answer.status_code == 201:
            self.id = answer.json()["user"]["_id"]
        return answer

    async def login(self) -> httpx.Response:
        answer = await self.post("/auth/login", self.credentials)
        if answer.status_code == 200:
            self.access_token = answer.json()["accessToken"]
            self.id = answer.json()["user"]["_id"]
        return answer

    async def refresh(self) -> httpx.Response:
        answer = await self.client.post("/auth/refresh")
        if answer.status_code == 200:
            self.access_token = answer.json()["accessToken"]
        return answer

    async def profile(self) -> httpx.Response:
        return await self.get("/profile")

    async def is_signed_in(self) -> bool:
        """Whether the access token is good for anything."""
        return (await self.profile()).status_code == 200

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.client.get(path, headers=self.bearer, **options)

    async def put(self, path: str, body: object = None) -> httpx.Response:
        return await self.client.put(path, headers=self.bearer, json=body)

    async def delete(self, path: str) -> httpx.Response:
        return await self.client.delete(path, headers=self.bearer)

    async def post(self, path: str, body: object) -> httpx.Response:
        return await self.client.post(path, json=body)

    @property
    def credentials(self) -> dict[str, str]:
        return {"email": self.email, "password": self.password}


async def refresh_with(client: httpx.AsyncClient, token: str | None) -> httpx.Response:
    """Present *token* as a thief would: without the owner's cookie jar."""
    return await client.post("/auth/refresh", headers={"Cookie": f"{COOKIE}={token}"})


async def profile_with(client: httpx.AsyncClient, access_token: str) -> httpx.Response:
    """Present *access_token* from anywhere."""
    return await client.get("/profile", headers={"Authorization": f"Bearer {access_token}"})
