import stat
import subprocess
import sys
import tarfile
import threading
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from keystead.places.download import (
    AlreadyRunning,
    GeoUpdateFailed,
    Limits,
    Outcome,
    Updated,
    UpToDate,
    update,
)
from keystead.places.lookup import Places
from tests.places.databases import (
    LONDON,
    LONDON_IP,
    archive,
    city_archive,
    city_database,
    member,
    write_database,
    zipped,
)
from tests.places.maxmind import LAST_MODIFIED, PATH, MaxMind, serve
from tests.places.updates import (
    ACCOUNT,
    KEY,
    assert_nothing_is_left,
    city,
    identity,
    refusal,
    run,
)


def test_a_new_database_is_put_in_place(target: Path, maxmind: MaxMind) -> None:
    old = Places(target, lambda _: None)
    outcome = run(target, maxmind)
    assert isinstance(outcome, Updated)
    assert outcome.built_at.tzinfo is UTC
    assert city(target) == "London"
    place = old.find(LONDON_IP)
    assert place is not None
    assert place.city == "London"
    assert_nothing_is_left(target)


def test_the_first_database_needs_no_old_one(folder: Path, maxmind: MaxMind) -> None:
    target = folder / "GeoLite2-City.mmdb"
    assert isinstance(run(target, maxmind), Updated)
    assert city(target) == "London"
    assert "if-modified-since" not in maxmind.seen[-1][1]


def test_every_user_may_read_the_new_file_and_it_has_the_age_maxmind_says(
    target: Path, maxmind: MaxMind
) -> None:
    run(target, maxmind)
    status = target.stat()
    assert stat.S_IMODE(status.st_mode) == 0o644
    assert datetime.fromtimestamp(status.st_mtime, UTC) == parsedate_to_datetime(LAST_MODIFIED)


def test_the_account_is_sent_and_the_checksum_asked_for_first(
    target: Path, maxmind: MaxMind
) -> None:
    run(target, maxmind)
    assert [path for path, _ in maxmind.seen] == [f"{PATH}.sha256", PATH]
    assert all(headers["authorization"].startswith("Basic ") for _, headers in maxmind.seen)


def test_progress_is_told(target: Path, maxmind: MaxMind) -> None:
    told: list[tuple[int, int | None]] = []
    update(
        target,
        ACCOUNT,
        KEY,
        url=maxmind.url,
        progress=lambda received, total: told.append((received, total)),
    )
    size = len(maxmind.archive)
    assert told[-1] == (size, size)


def test_a_database_that_is_up_to_date_is_not_downloaded(target: Path, maxmind: MaxMind) -> None:
    run(target, maxmind)
    before = identity(target)
    assert run(target, maxmind) == UpToDate()
    assert maxmind.seen[-1][1]["if-modified-since"] == LAST_MODIFIED
    assert identity(target) == before
    assert_nothing_is_left(target)


def test_a_broken_database_is_replaced_however_recent(target: Path, maxmind: MaxMind) -> None:
    target.write_bytes(b"broken a second ago")
    assert isinstance(run(target, maxmind), Updated)
    assert city(target) == "London"


@pytest.mark.parametrize("headers", [{}, {"Last-Modified": "yesterday"}])
def test_a_server_that_does_not_say_the_age_is_no_problem(
    target: Path, maxmind: MaxMind, headers: dict[str, str]
) -> None:
    target.unlink()
    maxmind.headers = headers
    assert isinstance(run(target, maxmind), Updated)
    assert city(target) == "London"


def test_the_file_behind_a_symbolic_link_is_replaced(
    target: Path, tmp_path: Path, maxmind: MaxMind
) -> None:
    link = tmp_path / "current.mmdb"
    link.symlink_to(target)
    run(link, maxmind)
    assert link.is_symlink()
    assert city(target) == "London"


def test_the_leftover_of_a_crash_is_cleared_away(target: Path, maxmind: MaxMind) -> None:
    target.with_name(f"{target.name}.part").symlink_to("/dev/full")
    run(target, maxmind)
    assert city(target) == "London"
    assert_nothing_is_left(target)


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "check MAXMIND_ACCOUNT_ID and MAXMIND_LICENSE_KEY"),
        (403, "set MAXMIND_LICENSE_KEY"),
        (404, "check the name of the edition"),
        (429, "daily download limit"),
        (304, "status 304"),
        (500, "Try again later"),
        (503, "Try again later"),
    ],
)
def test_a_refusal_says_what_to_do(
    target: Path, maxmind: MaxMind, status: int, advice: str
) -> None:
    maxmind.status = status
    assert advice in refusal(target, maxmind)


@pytest.mark.parametrize(("account_id", "license_key"), [("", KEY), (ACCOUNT, ""), ("", "")])
def test_without_an_account_nothing_is_asked(
    target: Path, maxmind: MaxMind, account_id: str, license_key: str
) -> None:
    with pytest.raises(GeoUpdateFailed, match="Set both"):
        update(target, account_id, license_key, url=maxmind.url)
    assert maxmind.seen == []


def test_a_flipped_bit_is_noticed(target: Path, maxmind: MaxMind) -> None:
    maxmind.checksum = f"{'0' * 64}  GeoLite2-City.tar.gz"
    assert "checksum" in refusal(target, maxmind)


@pytest.mark.parametrize("checksum", ["<html>Log in to this hotel</html>", "0" * 65, "x" * 9_999])
def test_what_is_no_checksum_is_refused(target: Path, maxmind: MaxMind, checksum: str) -> None:
    maxmind.checksum = checksum
    assert refusal(target, maxmind)
    assert len(maxmind.seen) == 1


def test_a_download_cut_short_is_refused(target: Path, maxmind: MaxMind) -> None:
    maxmind.cut_after = 100
    assert "try again later" in refusal(target, maxmind)


def test_an_endless_download_is_cut_off(target: Path, maxmind: MaxMind) -> None:
    maxmind.is_endless = True
    assert "larger than 1000000 bytes" in refusal(target, maxmind, Limits(archive_bytes=1_000_000))


def test_a_download_announced_as_huge_is_not_begun(target: Path, maxmind: MaxMind) -> None:
    maxmind.headers["Content-Length"] = str(10 * 2**30)
    maxmind.cut_after = 10
    assert "larger than" in refusal(target, maxmind)


def test_a_silent_server_is_given_up(target: Path, maxmind: MaxMind) -> None:
    maxmind.stall_after = 100
    assert "ReadTimeout" in refusal(target, maxmind, Limits(silence_seconds=0.1))


def test_the_whole_has_a_time_limit(target: Path, maxmind: MaxMind) -> None:
    assert "took more than" in refusal(target, maxmind, Limits(overall_seconds=0))


def test_a_server_that_is_not_there_is_given_up(target: Path) -> None:
    assert "ConnectError" in refusal(target, MaxMind(port=1))


@pytest.mark.parametrize(
    "name",
    [
        "../GeoLite2-City.mmdb",
        "a/../../GeoLite2-City.mmdb",
        "/GeoLite2-City.mmdb",
        "GeoLite2-City.mmdb.txt",
        "GeoLite2-ASN.mmdb",
    ],
)
def test_a_member_with_a_name_that_leads_elsewhere_is_not_taken(
    target: Path, tmp_path: Path, maxmind: MaxMind, name: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    maxmind.archive = archive((member(name), city_database(tmp_path)))
    assert "holds no city database" in refusal(target, maxmind)
    assert {path.name for path in set(tmp_path.rglob("*")) - set(before)} == {f"{target.name}.lock"}


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE],
)
def test_a_member_that_is_no_plain_file_is_not_taken(
    target: Path, maxmind: MaxMind, kind: bytes
) -> None:
    maxmind.archive = archive((member("GeoLite2-City.mmdb", kind, link="/etc/passwd"), b""))
    assert "holds no city database" in refusal(target, maxmind)


def test_an_archive_without_a_database_is_refused(target: Path, maxmind: MaxMind) -> None:
    maxmind.archive = archive((member("README.txt"), b"nothing here"))
    assert "holds no city database" in refusal(target, maxmind)


def test_an_archive_with_two_databases_is_refused(
    target: Path, tmp_path: Path, maxmind: MaxMind
) -> None:
    database = city_database(tmp_path)
    maxmind.archive = archive((member("a/City.mmdb"), database), (member("b/City.mmdb"), database))
    assert "two databases" in refusal(target, maxmind)


def test_a_database_beyond_the_limit_is_refused(target: Path, maxmind: MaxMind) -> None:
    assert "a huge one" in refusal(target, maxmind, Limits(database_bytes=100))


def test_a_bomb_beside_the_database_is_not_unpacked(
    target: Path, tmp_path: Path, maxmind: MaxMind
) -> None:
    bomb = (member("README.txt"), bytes(20_000_000))
    maxmind.archive = archive(bomb, (member("GeoLite2-City.mmdb"), city_database(tmp_path)))
    assert len(maxmind.archive) < 200_000
    assert "more than a database" in refusal(target, maxmind)


def test_a_header_that_claims_gigabytes_is_not_read_into_memory(
    target: Path, maxmind: MaxMind
) -> None:
    claim = member("PaxHeader", tarfile.XHDTYPE)
    claim.size = 2**33
    maxmind.archive = zipped(claim.tobuf(tarfile.GNU_FORMAT) + bytes(20_000_000))
    assert "more than a database" in refusal(target, maxmind)


def test_damaged_archives_are_refused(target: Path, tmp_path: Path, maxmind: MaxMind) -> None:
    good = city_archive(city_database(tmp_path))
    unzipped = member("City.mmdb").tobuf(tarfile.GNU_FORMAT)
    damaged = [
        b"",
        b"no archive",
        good[:300],
        zipped(b""),
        zipped(b"x" * 600),
        zipped(unzipped[:99]),
    ]
    for content in damaged:
        maxmind.archive = content
        assert "archive" in refusal(target, maxmind)


def test_a_database_that_does_not_open_is_refused(target: Path, maxmind: MaxMind) -> None:
    for content in (b"", b"no database" * 99):
        maxmind.archive = city_archive(content)
        assert "damaged" in refusal(target, maxmind)


def test_a_database_that_is_not_of_cities_is_refused(
    target: Path, tmp_path: Path, maxmind: MaxMind
) -> None:
    other_kind = write_database(tmp_path / "a.mmdb", {"81.0.0.0/8": LONDON}, kind="GeoLite2-ASN")
    nobody_there = write_database(tmp_path / "b.mmdb", {"10.0.0.0/8": LONDON})
    no_place = write_database(tmp_path / "c.mmdb", {"81.0.0.0/8": {"asn": 64_496}})
    for path in (other_kind, nobody_there, no_place):
        maxmind.archive = city_archive(path.read_bytes())
        assert "no cities in it" in refusal(target, maxmind)


def test_the_licence_key_does_not_follow_a_redirect_to_another_host(
    target: Path, maxmind: MaxMind
) -> None:
    with serve(MaxMind(redirect_to=f"http://localhost:{maxmind.port}")) as front:
        assert isinstance(run(target, front), Updated)
    assert city(target) == "London"
    assert all("authorization" in headers for _, headers in front.seen)
    assert len(maxmind.seen) == 2
    assert all("authorization" not in headers for _, headers in maxmind.seen)


@pytest.mark.parametrize(
    "elsewhere", ["http://192.0.2.1", "ftp://127.0.0.1", "http://localhost.example"]
)
def test_a_redirect_to_plain_text_on_another_machine_is_not_followed(
    target: Path, maxmind: MaxMind, elsewhere: str
) -> None:
    maxmind.redirect_to = elsewhere
    assert refusal(target, maxmind)
    assert len(maxmind.seen) == 1


def test_a_redirect_in_circles_is_given_up(target: Path, maxmind: MaxMind) -> None:
    maxmind.redirect_to = f"http://127.0.0.1:{maxmind.port}"
    assert "TooManyRedirects" in refusal(target, maxmind)


def test_an_address_without_encryption_is_refused(target: Path) -> None:
    with pytest.raises(GeoUpdateFailed, match="not be encrypted"):
        update(target, ACCOUNT, KEY, url="http://download.example/x?suffix=tar.gz")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, maxmind: MaxMind) -> None:
    with pytest.raises(GeoUpdateFailed, match="no-such-folder"):
        run(tmp_path / "no-such-folder" / "GeoLite2-City.mmdb", maxmind)


def test_a_full_disk_leaves_the_old_database(
    target: Path, maxmind: MaxMind, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("keystead.places.install.os.fsync", fail)
    assert "No space left on device" in refusal(target, maxmind)


IN_ANOTHER_PROCESS = """
import sys
from pathlib import Path
from keystead.places.download import update
print(type(update(Path(sys.argv[1]), "1", "2", url=sys.argv[2])).__name__)
"""


def test_one_process_at_a_time_and_a_killed_one_leaves_nothing(
    target: Path, maxmind: MaxMind
) -> None:
    maxmind.stall_after = 100
    command = [sys.executable, "-c", IN_ANOTHER_PROCESS, str(target), maxmind.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert maxmind.stalled.wait(timeout=10)
        assert run(target, maxmind) == AlreadyRunning()
        other.kill()
    assert city(target) == "Rome"
    assert_nothing_is_left(target)
    maxmind.stall_after = None
    assert isinstance(run(target, maxmind), Updated)


def test_one_thread_at_a_time(target: Path, maxmind: MaxMind) -> None:
    maxmind.stall_after = 100
    outcomes: list[Outcome] = []
    first = threading.Thread(target=lambda: outcomes.append(run(target, maxmind)))
    first.start()
    assert maxmind.stalled.wait(timeout=10)
    assert run(target, maxmind) == AlreadyRunning()
    maxmind.released.set()
    first.join()
    assert isinstance(outcomes[0], Updated)
    assert city(target) == "London"
    assert_nothing_is_left(target)
