"""What tests have in common with the programs that they start and kill: quick to import, for each start imports it."""

from __future__ import annotations

from cincopa_async import PollPolicy, RetryPolicy

QUICK_POLLS = PollPolicy(first=0.001, floor=0.001, ceiling=0.02)
QUICK_RETRIES = RetryPolicy(base_delay=0.001, max_delay=0.01)


def link(number: int, signature: str = "1") -> str:
    """The signed link of a file, which is another one each time that it is signed."""
    return f"https://media.example/{number}.mp4?X-Amz-Signature=CANARY-SIGNATURE{signature}"


def links(count: int, signature: str = "1") -> list[str]:
    return [link(number, signature) for number in range(count)]
