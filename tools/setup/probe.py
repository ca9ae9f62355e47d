"""Ask one address for its first byte, and say why if it can't be had.

A program of its own, so that the caller can end it: a name look-up that hangs
obeys no time limit of Python's.
"""

import sys
import urllib.error
import urllib.request

LIMIT = 5.0
"""Seconds to wait for the connection, and then for the answer."""


def main(address: str) -> int:
    """Return 0 if `address` answers, else print the reason and return 1."""
    request = urllib.request.Request(address, headers={"Range": "bytes=0-0"})
    try:
        with urllib.request.urlopen(request, timeout=LIMIT) as answer:
            answer.read(1)
    except urllib.error.HTTPError as error:
        print(f"{address} answers {error.code}")
    except OSError as error:
        print(f"{address} can't be reached: {getattr(error, 'reason', error)}")
    else:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
