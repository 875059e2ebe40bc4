"""
The file that the keys of one installation live in.

It is made on the first start, readable by its owner only. After that only an operator's command writes
it: a new file takes the place of the old one in one step, so that nobody ever reads half of one.
"""

import fcntl
import json
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from keystead.crypto.keyring import MAX_KEY_ID, Keyring, new_keyring
from keystead.crypto.keyring_json import from_json, to_json
from keystead.domain.keys import KeyLine, KeyRefused, KeyUse, refuse_if_one_waits

MOUNTED_MODE = 0o440
"""Of a file that somebody else put there for our group to read."""

Stamp = tuple[int, int, int]
"""Inode, size in bytes and modification time in nanoseconds: what tells one file from the next."""


class SecretsFileUnusable(Exception):  # noqa: N818 - named for the fact, like every fault.
    """The secrets cannot be used; the text says why and what to do."""


class SecretsFile:
    """`domain.keys.KeyCabinet` on a file; also what a server asks whether the keys have changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[Stamp, Keyring] | None = None

    def read(self) -> Keyring:
        """Return the keys, which are read anew only if the file is another. Raises: SecretsFileUnusable."""
        stamp = self._stamp()
        if self._seen is None or self._seen[0] != stamp:
            self._seen = stamp, _read(self._path)
        return self._seen[1]

    def list_keys(self, now: datetime) -> list[KeyLine]:
        """See `KeyCabinet.list_keys`."""
        return _read(self._path).all_lines(now)

    def add_key(self, use: KeyUse, start: datetime, now: datetime) -> KeyLine:
        """See `KeyCabinet.add_key`."""
        with _locked(self._path):
            keyring = _read(self._path)
            refuse_if_one_waits(keyring.all_lines(now), use)
            if use is not KeyUse.SIGNING and max(keyring.master_keys) == MAX_KEY_ID:
                raise KeyRefused(
                    f"there are {MAX_KEY_ID} keys already, as many as can be told apart"
                )
            changed = keyring.with_key(use, start)
            _replace(self._path, changed)
        return changed.lines(use, start)[-1]

    def remove_key(self, use: KeyUse, key_id: str) -> None:
        """See `KeyCabinet.remove_key`."""
        with _locked(self._path):
            _replace(self._path, _read(self._path).without_key(use, key_id))

    def _stamp(self) -> Stamp:
        try:
            found = self._path.stat()
        except OSError as error:
            raise SecretsFileUnusable(f"cannot read {self._path}: {error.strerror}") from error
        return found.st_ino, found.st_size, found.st_mtime_ns


def load_or_create(path: Path, may_create: Callable[[], bool]) -> Keyring:
    """
    Read the secrets file, or make it if there is none and *may_create* agrees.

    Of several processes that start at once, one makes the file and all read the same one.

    Raises: SecretsFileUnusable: with what to do about it.
    """
    if not path.exists():
        if not may_create():
            raise SecretsFileUnusable(
                f"{path} is missing, but the database was used with secrets before. Put the file "
                "back from your back-up (or point KEYSTEAD_SECRETS_FILE at it): new secrets would "
                "make every stored password and session useless"
            )
        _create(path)
    return _read(path)


def read_text(text: str) -> Keyring:
    """Read the content of a secrets file that was given in another way. Raises: SecretsFileUnusable."""
    keyring = from_json(text)
    if keyring is None:
        raise SecretsFileUnusable(
            "KEYSTEAD_SECRETS is not the content of a secrets file; `keystead keys new` prints one"
        )
    return keyring


def refuse_another(keyring: Keyring, bound_to: str | None, where: str) -> None:
    """Refuse keys, found at *where*, of another database. Raises: SecretsFileUnusable."""
    if keyring.fingerprint != bound_to:
        raise SecretsFileUnusable(
            f"{where} belongs to another database: the passwords and sessions in this one were made "
            "with other secrets. Point KEYSTEAD_SECRETS_FILE at the right file"
        )


def text_of(keyring: Keyring) -> str:
    """Return what `read_text` reads, on one line."""
    return json.dumps(to_json(keyring), separators=(",", ":"))


def _create(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _publish(_draft(path, new_keyring()), path)
    except OSError as error:
        raise SecretsFileUnusable(f"cannot write {path}: {error.strerror}") from error


def _replace(path: Path, keyring: Keyring) -> None:
    try:
        draft = _draft(path, keyring)
        owner = path.stat()
        if (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
            # Root changes it, and the service reads it.
            os.chown(draft, owner.st_uid, owner.st_gid)
        draft.replace(path)
        _flush_folder(path)
    except OSError as error:
        raise SecretsFileUnusable(f"cannot write {path}: {error.strerror}") from error


def _draft(path: Path, keyring: Keyring) -> Path:
    # Made for its owner only, and named at random: in containers that share a volume, or that
    # start again after a crash, every process has the same id.
    descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(descriptor, "w") as file:
        json.dump(to_json(keyring), file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    return Path(draft)


def _publish(draft: Path, path: Path) -> None:
    # A hard link fails if the name exists: the file appears whole and only once, whoever comes
    # first, and a half-written one is never seen under its name.
    try:
        os.link(draft, path)
    except FileExistsError:
        return  # Another process was first; its file is read next.
    finally:
        draft.unlink()
    _flush_folder(path)


def _flush_folder(path: Path) -> None:
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    # The folder and not the file, which is another one afterwards. Closing lets go of it.
    try:
        directory = os.open(path.parent, os.O_RDONLY)
    except OSError as error:
        raise SecretsFileUnusable(f"cannot write {path}: {error.strerror}") from error
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def _read(path: Path) -> Keyring:
    try:
        if is_open_to_others(path.stat()):
            raise SecretsFileUnusable(f"{path} can be read by others; run: chmod 600 {path}")
        keyring = from_json(path.read_bytes())
    except OSError as error:
        raise SecretsFileUnusable(f"cannot read {path}: {error.strerror}") from error
    if keyring is None:
        raise SecretsFileUnusable(
            f"{path} is damaged or not a secrets file; put it back from your back-up"
        )
    return keyring


def is_open_to_others(found: os.stat_result) -> bool:
    """Say whether anybody but the service may use the file."""
    # What Kubernetes and systemd mount belongs to root, and only the service's group can read it.
    is_mounted = found.st_uid != os.geteuid() and stat.S_IMODE(found.st_mode) == MOUNTED_MODE
    return bool(found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)) and not is_mounted
