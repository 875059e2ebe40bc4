"""
Say how many passwords a second its own function verifies: python hash_alone.py SECONDS.

One at a time: on one core, threads would add nothing.
"""

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from hash_rate import print_rate

PASSWORD = "correct horse battery staple"

settings.configure()
text = make_password(PASSWORD)
print_rate(lambda: check_password(PASSWORD, text))
