"""
What can be done: one file for each verb.

Owns every decision. Speaks to the outside through the ports in `Tools` only, and never of HTTP, SQL
or settings. A flow lets the store commit, then raises: a refusal never undoes a revocation.
"""
