"""A mail server of one test's own: takes every message and keeps it."""

from __future__ import annotations

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default

from tests.servers import HOST, at_work


class Letterbox(socketserver.StreamRequestHandler):
    """One connection, as much of SMTP as a client needs that neither signs in nor encrypts."""

    server: Mailbox

    def handle(self) -> None:
        self.say("220 mail.example")
        for line in self.rfile:
            match line.decode().split()[:1]:
                case ["DATA"]:
                    self.say("354 go on")
                    self.take()
                    self.say("250 taken")
                case ["QUIT"]:
                    self.say("221 bye")
                    return
                case _:
                    self.say("250 well")

    def take(self) -> None:
        letter = b"".join(iter(self.rfile.readline, b".\r\n"))
        mail = message_from_bytes(letter, policy=default)
        body = mail.get_body(("plain",))
        assert body is not None
        self.server.mails.append((mail["Subject"], body.get_content()))

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class Mailbox(socketserver.ThreadingTCPServer):
    """A mail server that takes everything."""

    daemon_threads = True

    def __init__(self) -> None:
        self.mails: list[tuple[str, str]] = []  # subject, text
        super().__init__((HOST, 0), Letterbox)

    @property
    def address(self) -> str:
        return f"{HOST}:{self.server_address[1]}"

    def subjects(self) -> list[str]:
        return [subject for subject, _ in list(self.mails)]


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as server, at_work(server):
        yield server
