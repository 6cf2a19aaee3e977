"""Connections that do not wait for ever: who asks nothing, or does not take its answer, makes room for others.

Without it some hundred clients that send a byte a minute would hold every file descriptor of the process, and with them
those by which sources are read.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class Patient(H11Protocol):
    """One connection over HTTP/1.1."""

    most: ClassVar[int] = 256  # at once; beyond it the one goes that has asked nothing for longest
    head_seconds: ClassVar[float] = 10.0  # for the head of a request, from the connection or the last answer on
    answer_seconds: ClassVar[float] = 300.0  # from there until its body has come and the answer is taken

    _since: float
    _clock: asyncio.TimerHandle

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take it; where it is one too many, let another go."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._clock = self.loop.call_later(self.head_seconds, self._look)
        if len(self.connections) > self.most:
            held = [one for one in self.connections if isinstance(one, Patient)]
            min(held, key=lambda one: (one.is_answering, one._since)).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._clock.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Only a whole head starts the clock anew, not a part of one."""
        was_answering = self.is_answering
        super().data_received(data)
        if self.is_answering and not was_answering:
            self._since = self.loop.time()

    def on_response_complete(self) -> None:
        """From here on the next head is waited for."""
        self._since = self.loop.time()
        super().on_response_complete()

    @property
    def is_answering(self) -> bool:
        """Whether a request is under way, or its answer still on the way out."""
        return self.conn.our_state in (h11.SEND_RESPONSE, h11.SEND_BODY) or self.transport.get_write_buffer_size() > 0

    def _look(self) -> None:
        patience = self.answer_seconds if self.is_answering else self.head_seconds
        left = self._since + patience - self.loop.time()
        if left > 0:
            self._clock = self.loop.call_later(min(left, self.head_seconds), self._look)
        else:
            self.transport.abort()
