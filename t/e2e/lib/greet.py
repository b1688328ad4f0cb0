"""Clients that say hello in TLS through a proxy, and what is told of it."""
import ssl
import threading

import pytest

from lib.message import read_response
from lib.pipe import Ended

GET = b"GET / HTTP/1.1\r\nHost: site.test\r\n\r\n"
NAMES = ("site.test", "other.test")


def origin_context(shared):
    """Of a client that trusts the origin's own authority, and not the proxy's."""
    return ssl.create_default_context(cafile=shared["root"])


def fetch(proxy, site, context=None, host="site.test", **how):
    with proxy.secure(host, site.port, context, **how) as pipe:
        return read_response(pipe.send(GET))


class Client:
    """Somebody who fetches in a thread of its own."""

    def __init__(self, *args, **how):
        self.answer = self.failure = None
        self._thread = threading.Thread(target=self._run, args=args, kwargs=how)
        self._thread.start()

    def _run(self, *args, **how):
        try:
            self.answer = fetch(*args, **how)
        except (Ended, OSError) as why:
            self.failure = why

    def wait(self):
        self._thread.join(20)
        assert not self._thread.is_alive()
        return self


def held_hello(api, **want):
    return api.wait_held(stage="client-hello", **want)[0]


def act(api, held, action, value=None):
    return api.post(f"/held/{held['id']}/{action}", value)


def did(flow):
    return [(step["name"], step["stage"], step["did"]) for step in flow.get("trace", [])]


def client_hello(name="site.test"):
    context, out = ssl.create_default_context(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name).do_handshake()
    return out.read()
