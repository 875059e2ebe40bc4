"""
How it is spoken to: routes, access, cookies, status codes.

Owns everything HTTP. Must not decide what a flow decides, reach for the store, or know a setting.
"""
