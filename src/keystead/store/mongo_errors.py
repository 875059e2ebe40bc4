"""What a driver's error means: told by its class and code, never by its text."""

from bson.errors import BSONError
from pymongo.errors import (
    DuplicateKeyError,
    InvalidName,
    InvalidOperation,
    OperationFailure,
    PyMongoError,
)

OUR_BUGS = frozenset(
    {
        2,  # BadValue
        9,  # FailedToParse
        14,  # TypeMismatch
        28,  # PathNotViable
        40,  # ConflictingUpdateOperators
        52,  # DollarPrefixedFieldName
        59,  # CommandNotFound
        66,  # ImmutableField
        73,  # InvalidNamespace
        168,  # InvalidPipelineOperator
        10334,  # BSONObjectTooLarge
        11000,  # DuplicateKey, where no verb expects it
        40324,  # no such stage in a pipeline
        40415,  # no such field in a command
    }
)
"""
Codes of commands that are wrong, whatever state the server is in; every other one means that it
cannot be used right now, or not by us (not primary, shutting down, no rights, no space, ...).

Source: src/mongo/base/error_codes.yml of MongoDB.
"""

TRANSIENT = "TransientTransactionError"
"""Label of an error after which the whole transaction may be tried again."""

UNKNOWN_COMMIT = "UnknownTransactionCommitResult"
"""Label of an error after which the commit may be tried again, and the transaction may not."""


def is_our_bug(error: Exception) -> bool:
    """Say whether *error* would come back however well the server is."""
    if isinstance(error, OperationFailure):
        return error.code in OUR_BUGS
    return isinstance(error, InvalidName | InvalidOperation | BSONError) or not isinstance(
        error, PyMongoError
    )


def is_taken(error: DuplicateKeyError, field: str) -> bool:
    """Say whether *error* comes from the unique index on *field*."""
    return list((error.details or {}).get("keyPattern", ())) == [field]
