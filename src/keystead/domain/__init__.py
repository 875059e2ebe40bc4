"""
What things are: users, sessions, tokens, permissions, faults, and the ports to the outside.

Owns every rule that needs no I/O. Must not touch a clock, a file, a socket, randomness, or any
third-party package.
"""
