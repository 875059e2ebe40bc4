"""
Say how many passwords a second its own function verifies: python hash_alone.py SECONDS.

One at a time, as the application does it: on the thread of its event loop.
"""

from fastapi_users.password import PasswordHelper
from hash_rate import print_rate

PASSWORD = "correct horse battery staple"

helper = PasswordHelper()
text = helper.hash(PASSWORD)
print_rate(lambda: helper.verify_and_update(PASSWORD, text)[0])
