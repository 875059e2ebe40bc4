"""
What only the holder of the secrets file can write into the audit log.

Three keys, each for one purpose: a record's MAC, its link to the chain, and the head. All are derived
from a master key, which is outside the database: whoever can write there can break the log, and
cannot make it whole again.
"""

import hashlib
import hmac
from dataclasses import replace
from datetime import datetime

from keystead.crypto.keyring import Keyring
from keystead.domain.audit import AuditHead, AuditRecord, text_of
from keystead.domain.events import Event
from keystead.domain.networks import network_of
from keystead.domain.ports import Randomness
from keystead.domain.session import Origin

START = bytes(32)
"""The chain value before the first record."""


class MacAuditSeals:
    """`domain.ports.AuditSeals` with the keys of one installation."""

    def __init__(self, keyring: Keyring, random: Randomness) -> None:
        self._key_id = keyring.newest_id
        self._record_macs = keyring.derive_each("audit record")
        self._chain_macs = keyring.derive_each("audit chain")
        self._head_macs = keyring.derive_each("audit head")
        self._random = random

    def record(self, event: Event, origin: Origin, now: datetime) -> AuditRecord:
        """See `AuditSeals.record`."""
        ip, user_agent, salt = origin.ip, origin.kept_user_agent, self._random.new_salt()
        record = AuditRecord(
            id=self._random.new_id(now),
            at=now,
            name=event.name.value,
            severity=event.severity.value,
            actor=event.actor,
            subject=event.subject,
            session=event.session,
            ended=event.ended,
            detail=", ".join(filter(None, (event.detail, origin.via))) or None,
            network=network_of(ip),
            ip=ip,
            user_agent=user_agent,
            salt=salt,
            digest=_digest(salt, ip, user_agent),
            key_id=self._key_id,
        )
        return replace(record, mac=self._mac(record))

    def is_genuine(self, record: AuditRecord) -> bool:
        """See `AuditSeals.is_genuine`."""
        if record.key_id not in self._record_macs:
            return False
        if record.salt is None:
            is_whole = record.ip is None and record.user_agent is None
        else:
            digest = _digest(record.salt, record.ip, record.user_agent)
            is_whole = hmac.compare_digest(record.digest, digest)
        return is_whole and hmac.compare_digest(record.mac, self._mac(record))

    def link(self, chain: bytes | None, seq: int, record: AuditRecord) -> bytes:
        """See `AuditSeals.link`."""
        text = (chain or START) + seq.to_bytes(8) + record.mac
        return self._chain_macs[record.key_id](text)

    def head(self, seq: int, chain: bytes) -> AuditHead:
        """See `AuditSeals.head`."""
        return AuditHead(seq, chain, self._key_id, self._head_mac(self._key_id, seq, chain))

    def is_genuine_head(self, head: AuditHead) -> bool:
        """See `AuditSeals.is_genuine_head`."""
        if head.key_id not in self._head_macs or head.seq < 1:
            return False
        return hmac.compare_digest(head.mac, self._head_mac(head.key_id, head.seq, head.chain))

    def _mac(self, record: AuditRecord) -> bytes:
        return self._record_macs[record.key_id](record.covered())

    def _head_mac(self, key_id: int, seq: int, chain: bytes) -> bytes:
        return self._head_macs[key_id](seq.to_bytes(8) + chain)


def _digest(salt: bytes, ip: str | None, user_agent: str | None) -> bytes:
    return hashlib.sha256(salt + text_of(ip, user_agent)).digest()
