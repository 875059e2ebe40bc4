"""
Verify a password as often as these cores can, and do nothing else.

python -m bench.programs.argon2_alone SECONDS HASH: with the parameters of HASH, on as many threads
as there are cores; prints how many verifications a second that was.
"""

import os
import sys
import threading
import time

from argon2 import PasswordHasher, extract_parameters

PASSWORD = "correct horse battery staple"


def verifications_per_second(hasher: PasswordHasher, seconds: float, threads: int) -> float:
    """Count until the time is up; the one under way then counts, with the time it took."""
    text = hasher.hash(PASSWORD)
    rates: list[float] = []

    def verify() -> None:
        count, started = 0, time.perf_counter()
        while (passed := time.perf_counter() - started) < seconds:
            hasher.verify(text, PASSWORD)
            count += 1
        rates.append(count / passed)

    workers = [threading.Thread(target=verify) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(rates)


if __name__ == "__main__":
    _, given_seconds, model = sys.argv
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    same = PasswordHasher.from_parameters(extract_parameters(model))
    print(verifications_per_second(same, float(given_seconds), cores or 1))
