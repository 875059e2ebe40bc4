"""
Where an IP address roughly is, and how the database that knows it is kept fresh.

Owns maxminddb and the download from MaxMind. Must not touch a request, a store, a setting or a
secret other than the licence key it is handed.
"""
