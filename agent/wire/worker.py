"""A thread of its own for one fetch: what never returns keeps this thread and not the caller's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from queue import SimpleQueue
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")


class OverdueError(Exception):
    """A step did not come back in time; it may still be running."""


class _Relay:
    """Carries a step's error to the caller's thread, where it is raised again."""

    def __init__(self, answer: Future[Any]) -> None:
        self.answer = answer

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        if error is not None:
            self.answer.set_exception(error)
        return True


class Worker:
    """Runs steps one after the other in a daemon thread: not even the interpreter's end waits for a hung one."""

    def __init__(self, name: str) -> None:
        self._steps: SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while (asked := self._steps.get()) is not None:
            step, answer = asked
            with _Relay(answer):
                answer.set_result(step())

    def do(self, step: Callable[[], T], until: float) -> T:
        """What the step returns or raises; OverdueError when `time.monotonic()` passes `until` first."""
        answer: Future[T] = Future()
        self._steps.put((step, answer))
        if not wait([answer], max(0.0, until - time.monotonic())).done:
            raise OverdueError
        return answer.result()

    def end(self, last: Callable[[], Any], until: float) -> None:
        """Run one more step after those under way, whenever that will be, and end. Waits for it until `until`."""
        answer: Future[Any] = Future()
        self._steps.put((last, answer))
        self._steps.put(None)
        wait([answer], max(0.0, until - time.monotonic()))

    def is_alive(self) -> bool:
        """Whether a step is still running or waiting to."""
        return self._thread.is_alive()
