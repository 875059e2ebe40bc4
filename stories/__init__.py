"""
Every page in every state, with made-up data and without a database: `make stories`.

It serves the files of `keystead/pages/` as the product does, under the same Content-Security-Policy, and
answers what they ask of the API from `canned`. Which story is shown is in a cookie, so the addresses are
the real ones. The files are read anew for each page, so a change shows on the next reload.
"""
