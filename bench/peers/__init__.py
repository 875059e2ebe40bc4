"""
What Keystead is compared with: other projects, each configured as its own documentation advises.

::

    hashes.py           what is known of a password hash, and whether it is what OWASP asks for
    carry.py            how a peer's rows come to PostgreSQL
    entrant.py          what takes part: how it is started, filled and asked
    known.py            Keystead and its peers
    better_auth/        programs that run in that peer's environment: set up, serve, fill, hash
    fastapi_users/
    django_allauth/
    shared/             what the two written in Python have in common

`make bench-peers` makes the environments; bench/README.md says what each choice is and why.
"""
