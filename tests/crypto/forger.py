"""What bends access tokens: everything but the signature can be chosen, and that too."""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec

from tests.attacks.forge import Json, Sign, decode, ecdsa_with, hmac_with, put_together, take_apart
from tests.crypto.samples import SECRET, Issuer


class _LeftOut:
    def __repr__(self) -> str:
        return "left out"


LEFT_OUT = _LeftOut()


@dataclass
class Forger:
    """Holds the installation's own key, so that what a token says is all that is tested."""

    issuer: Issuer
    header: Json = field(init=False)
    claims: Json = field(init=False)

    def __post_init__(self) -> None:
        self.header, self.claims = take_apart(self.issuer.issue())

    @property
    def key(self) -> ec.EllipticCurvePrivateKey:
        number = int.from_bytes(decode(self.issuer.keyring.signing_keys[-1]["d"]))
        return ec.derive_private_key(number, ec.SECP256R1())

    @property
    def sign(self) -> Sign:
        return hmac_with(SECRET.encode()) if self.issuer.secret else ecdsa_with(self.key)

    def with_header(self, sign: Sign | None = None, **changes: object) -> str:
        header = _changed(self.header, changes)
        return put_together(header, self.claims, sign or self.sign)

    def with_claims(self, **changes: object) -> str:
        return put_together(self.header, _changed(self.claims, changes), self.sign)

    def with_payload(self, payload: bytes) -> str:
        return put_together(self.header, payload, self.sign)


def _changed(before: Json, changes: Json) -> Json:
    both = before | changes
    return {name: value for name, value in both.items() if value is not LEFT_OUT}
