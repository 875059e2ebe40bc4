"""
How secrets are made: password hashes, access and refresh tokens, keys, randomness.

Owns argon2, bcrypt, JOSE and the operating system's random source. Must not touch a database, a
request or a setting.
"""
