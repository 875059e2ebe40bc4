"""
For services that trust Keystead's access tokens: verify them with its published keys.

A library for other programs: it imports nothing of the server, and nothing of the server imports it.

::

    keystead = Verifier("http://127.0.0.1:3020")
    identity = await keystead.verify(token)     # by the signature alone: revoked once it expires
    identity = await keystead.confirm(token)    # also asks the server: revoked at once, and with the role

`keystead.client.asgi` has a middleware, `keystead.client.fastapi` a dependency.
"""

from keystead.client.outcomes import Forbidden, Identity, Refusal, TokenRefused, Unavailable
from keystead.client.verifier import Verifier

__all__ = ["Forbidden", "Identity", "Refusal", "TokenRefused", "Unavailable", "Verifier"]
