"""
Say how many passwords a second its own function verifies: python hash_alone.py SECONDS.

One at a time: on one core, threads would add nothing.
"""

import sys
import time

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password

PASSWORD = "correct horse battery staple"

settings.configure()
text = make_password(PASSWORD)
count, started = 0, time.perf_counter()
while (passed := time.perf_counter() - started) < float(sys.argv[1]):
    assert check_password(PASSWORD, text)
    count += 1
print(count / passed)
