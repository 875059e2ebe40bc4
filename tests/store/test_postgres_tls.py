"""Encrypted connections: the server is checked as the URL says, and by nothing less."""

import ipaddress
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from keystead.domain.errors import StoreDown
from keystead.store.postgres import PostgresStore
from tests.databases.postgres_server import NOBODY, Cluster, own_folder
from tests.store.postgres_stores import open_postgres

IP = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


class Authority:
    """Signs certificates."""

    def __init__(self, folder: Path) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of the test")])
        self.file = folder / "ca.pem"
        made = self._sign(self._name, self._key.public_key(), None)
        self.file.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def issue(self, folder: Path, name: str, *alternatives: x509.GeneralName) -> tuple[Path, Path]:
        """Write a certificate and its key. Returns: both paths."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        found = folder / f"{name}.pem", folder / f"{name}.key"
        made = self._sign(subject, key.public_key(), x509.SubjectAlternativeName(alternatives))
        found[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
        found[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        found[1].chmod(0o600)
        return found

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        alternatives: x509.SubjectAlternativeName | None,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(alternatives is None, None), critical=True)
        )
        if alternatives is not None:
            builder = builder.add_extension(alternatives, critical=False)
        return builder.sign(self._key, hashes.SHA256())


@pytest.fixture(scope="module")
def secured() -> Iterator[tuple[str, Path, Path]]:
    """Start a server with a certificate. Yields: its URL, its authority and a stranger's."""
    with own_folder() as folder:
        (folder / "stranger").mkdir()
        authority, stranger = Authority(folder), Authority(folder / "stranger")
        certificate, key = authority.issue(folder, "server", IP)
        if not os.geteuid():
            shutil.chown(key, NOBODY)
        server = Cluster(
            folder, {"ssl": "on", "ssl_cert_file": str(certificate), "ssl_key_file": str(key)}
        )
        try:
            server.start()
            yield server.url().partition("?")[0], authority.file, stranger.file
        finally:
            server.stop()


@pytest.mark.parametrize("mode", ["prefer", "require", "verify-ca", "verify-full"])
async def test_a_server_with_the_right_certificate_is_spoken_to(
    secured: tuple[str, Path, Path], mode: str
) -> None:
    url, authority, _ = secured
    await PostgresStore(f"{url}?sslmode={mode}&sslrootcert={authority}", 1).migrate()

    async with open_postgres(f"{url}?sslmode={mode}&sslrootcert={authority}") as store:
        found = await store._read("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")

    assert found[0][0] is True


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
async def test_a_server_of_another_authority_is_not(
    secured: tuple[str, Path, Path], mode: str
) -> None:
    url, _, stranger = secured

    with pytest.raises(StoreDown) as down:
        async with open_postgres(f"{url}?sslmode={mode}&sslrootcert={stranger}"):
            pass

    assert "CERTIFICATE_VERIFY_FAILED" in str(down.value.__cause__)


async def test_a_server_of_another_name_is_not_under_verify_full(
    secured: tuple[str, Path, Path],
) -> None:
    url, authority, _ = secured

    with pytest.raises(StoreDown):
        async with open_postgres(
            f"{url.replace('127.0.0.1', 'localhost')}?sslmode=verify-full&sslrootcert={authority}"
        ):
            pass


async def test_a_certificate_that_is_not_there_is_down_and_said_to_be_missing(
    secured: tuple[str, Path, Path],
) -> None:
    with pytest.raises(StoreDown) as down:
        async with open_postgres(f"{secured[0]}?sslmode=verify-full&sslrootcert=/nowhere/ca.pem"):
            pass

    assert isinstance(down.value.__cause__, Exception)
