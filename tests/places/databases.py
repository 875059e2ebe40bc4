"""City databases and the archives they come in, small and made on the spot."""

import gzip
import io
import tarfile
from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet  # type: ignore[import-untyped]

LONDON = {
    "city": {"names": {"de": "London", "en": " London "}},
    "subdivisions": [{"names": {"en": "England"}}, {"names": {"en": "Greater London"}}],
    "country": {"iso_code": "GB", "names": {"en": "United Kingdom"}},
    "location": {"latitude": 51.5142, "longitude": -0.0931},
}
FLAT_LONDON = {
    "city": "London",
    "state1": "England",
    "country_code": "gb",
    "latitude": "51.5142",
    "longitude": "-0.0931",
}
LONDON_IP = "81.2.69.142"
SIX_LONDON_IP = "2a02:d500::1"


def write_database(
    path: Path,
    records: dict[str, Any],
    *,
    ip_version: int = 4,
    kind: str = "GeoLite2-City",
) -> Path:
    """Write over *path* by renaming, as an operator should."""
    writer = MMDBWriter(
        ip_version,
        kind,
        languages=["en"],
        description="test",
        ipv4_compatible=ip_version == 6,
        float_type="f64",
    )
    for network, record in records.items():
        writer.insert_network(IPSet([network]), record)
    part = path.with_suffix(".new")
    writer.to_db_file(str(part))
    return part.replace(path)


def city_database(folder: Path, city: str = "London") -> bytes:
    """Return a database that puts *city* where `LONDON_IP` is."""
    record = LONDON | {"city": {"names": {"en": city}}}
    path = write_database(folder / "made.mmdb", {"81.0.0.0/8": record})
    content = path.read_bytes()
    path.unlink()
    return content


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = link
    return info


def archive(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """Return a tar.gz of *members*."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def city_archive(database: bytes) -> bytes:
    """Return an archive with what MaxMind puts in one."""
    folder = "GeoLite2-City_20260102"
    return archive(
        (member(folder, tarfile.DIRTYPE), b""),
        (member(f"{folder}/COPYRIGHT.txt"), b"Database and contents: somebody"),
        (member(f"{folder}/GeoLite2-City.mmdb"), database),
        (member(f"{folder}/LICENSE.txt"), b"Use of this database is governed by a licence"),
    )


def zipped(content: bytes) -> bytes:
    return gzip.compress(content, compresslevel=1)
