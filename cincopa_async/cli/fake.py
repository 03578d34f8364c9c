"""`cincopa fake`: the fake Cincopa alone, until it is stopped."""

import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager

import anyio
from rich.console import Console

from cincopa_async.testing import FakeCincopa


def run_fake(host: str, port: int, api_token: str | None, *, allow_remote: bool) -> int:
    """Serve until SIGTERM, which is a clean end, or Ctrl-C, which raises KeyboardInterrupt."""
    return anyio.run(serve, FakeCincopa(api_token), host, port, allow_remote)


async def serve(fake: FakeCincopa, host: str, port: int, allow_remote: bool) -> int:  # noqa: FBT001  # anyio.run's
    """Print the two variables that the client reads, in the form of a shell, and serve."""
    to_people = Console(stderr=True, soft_wrap=True, markup=False)
    async with AsyncExitStack() as stack:
        try:
            server = await stack.enter_async_context(fake.serve(host, port, allow_remote=allow_remote))
        except ValueError:
            to_people.print(f"{host} can be reached from other machines: --allow-remote, if they may come in.")
            return 2
        except OSError as error:
            to_people.print(f"Cannot listen on {host}, port {port}: {error.strerror}")
            return 1
        # Before anything is printed: whoever reads the URL may stop it in the next instant.
        terminated = stack.enter_context(termination())
        print(f"CINCOPA_BASE_URL={server.base_url}", flush=True)  # noqa: T201  # for a program to read
        print(f"CINCOPA_API_TOKEN={server.api_token}", flush=True)  # noqa: T201
        to_people.print("A fake Cincopa is being served. Ctrl-C stops it.")
        await terminated()
    return 0


@contextmanager
def termination() -> Iterator[Callable[[], Awaitable[object]]]:
    """Give what waits for SIGTERM."""
    if sys.platform == "win32":  # no SIGTERM there
        yield anyio.sleep_forever
    else:
        with anyio.open_signal_receiver(signal.SIGTERM) as signals:
            yield lambda: anext(signals)
