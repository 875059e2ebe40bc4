"""
What a monitoring system reads: numbers of this process, on a port that is for operators only.

Owns prometheus-client and the small server that answers. Counts nothing itself, and must not touch a
request or a store: it is handed what to read, and reads when it is asked.
"""
