"""
Say how many passwords a second its own function verifies: python hash_alone.py SECONDS.

One at a time, as the application does it: on the thread of its event loop.
"""

import sys
import time

from fastapi_users.password import PasswordHelper

PASSWORD = "correct horse battery staple"

helper = PasswordHelper()
text = helper.hash(PASSWORD)
count, started = 0, time.perf_counter()
while (passed := time.perf_counter() - started) < float(sys.argv[1]):
    assert helper.verify_and_update(PASSWORD, text)[0]
    count += 1
print(count / passed)
