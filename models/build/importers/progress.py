"""What is going on, on stderr: stdout carries the result only."""

import sys


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
