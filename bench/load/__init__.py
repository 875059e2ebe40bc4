"""
What sends requests: wrk, or a generator of our own.

Anything but a 200 stops the benchmark: how fast a server refuses is not what was asked.
"""
