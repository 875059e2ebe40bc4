"""
How often is often enough: the stand-in for MongoDB, a program in Python, takes ten times as long.

What is repeated by the hundred, to be sure, is repeated less often there; a mistake that shows in one of
two hundred rounds is found on the other databases, whose promises are the same.
"""

import os

IS_ON_STAND_IN = (
    os.environ.get("KEYSTEAD_TEST_STORE") == "mongo" and "TEST_MONGO_URL" not in os.environ
)
SHARE = 10 if IS_ON_STAND_IN else 1


def times(number: int) -> int:
    """Return how often to repeat what is repeated *number* times elsewhere."""
    return max(1, number // SHARE)
