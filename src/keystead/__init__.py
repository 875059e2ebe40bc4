"""
Keystead: the account backend.

A request goes `web` -> `flows` -> `store` and stops. `domain` says what things are, `crypto` makes
the secrets, `app` joins the five. See ARCHITECTURE.md.
"""

from importlib.metadata import version

__version__ = version("keystead")
