"""Waiting for conditions, never for the clock."""
import time

LIMIT = 20  # seconds until something that has not happened is a failure


def until(condition, what, limit=LIMIT):
    """Returns the first true result of condition()."""
    end = time.monotonic() + limit
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"waited {limit} s in vain: {what() if callable(what) else what}")
        time.sleep(0.01)
