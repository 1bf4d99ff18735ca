"""One person's request to an agent, while it runs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, TypeVar

from .errors import Cancelled, SignInRequired

T = TypeVar("T")
_current: ContextVar[Acting | None] = ContextVar("countersign_acting", default=None)


class Acting:
    """Whom an agent acts for. The bearer is in reach of the guarded transport and of nobody else: it is no argument of
    a tool, no part of a prompt, a memory, a log line or an exception.

        async with acting_for(bearer):
            answer = await agent.ainvoke(...)

    Leaving the block raises `SignInRequired` if a call met a token that is not accepted any more, whatever the
    framework made of it. Cancelling the block's task cancels its calls.
    """

    def __init__(self, bearer: str) -> None:
        self._bearer = bearer
        self._lock = threading.Lock()
        self._running: set[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = set()
        self._tokens: list[Token[Acting | None]] = []
        self._ended: SignInRequired | None = None
        self._cancelled = False

    @staticmethod
    def current() -> Acting | None:
        """The request that this task works for."""
        return _current.get()

    def cancel(self) -> None:
        """Stops it: calls that run are broken off, no further one begins. May be called from any thread."""
        with self._lock:
            self._cancelled = True
            running = list(self._running)
        for loop, task in running:
            loop.call_soon_threadsafe(task.cancel)

    def __enter__(self) -> Acting:
        self._tokens.append(_current.set(self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        _current.reset(self._tokens.pop())
        if isinstance(error, (asyncio.CancelledError, KeyboardInterrupt)):
            self.cancel()
        elif self._ended is not None and not isinstance(error, SignInRequired):
            raise SignInRequired(jti=self._ended.jti) from None

    async def __aenter__(self) -> Acting:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def __repr__(self) -> str:
        return "Acting(...)"

    # For the guarded transport.

    def check(self) -> None:
        """Raises what ended this request."""
        if self._ended is not None:
            raise self._ended
        if self._cancelled:
            raise Cancelled("this was cancelled; whether a call that was running took effect is unknown")

    def end(self, error: SignInRequired) -> None:
        """Notes that the person must sign in again."""
        self._ended = error

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs a part of a call, so that it can be cancelled from outside."""
        task = asyncio.ensure_future(work)
        entry = (asyncio.get_running_loop(), task)
        with self._lock:
            self._running.add(entry)
        if self._cancelled:
            task.cancel()
        try:
            return await task
        except asyncio.CancelledError:
            task.cancel()
            outer = asyncio.current_task()
            if self._cancelled and not (outer and outer.cancelling()):
                self.check()  # only this call was cancelled, not the task that waits for it
            raise
        finally:
            with self._lock:
                self._running.discard(entry)


def acting_for(bearer: str) -> Acting:
    """Begins a request for a person.

    Args:
        bearer: the person's access token from their identity provider.
    """
    return Acting(bearer)


def bearer_of(acting: Acting) -> str:
    """Hands out the bearer. Search for this name to find every place where it leaves its wrapper."""
    return acting._bearer
