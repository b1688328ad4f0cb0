"""The clients themselves, without Weir: each trusts whom it is told to trust, and goes through the proxy it is given."""
import socket
import threading

import pytest

from lib.clients import CLIENTS
from lib.message import read_request
from lib.pipe import Pipe


class PlainProxy:
    """Answers CONNECT, and copies bytes to one origin whatever name is asked for."""

    def __init__(self, origin):
        self.origin, self.targets = origin, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        client = Pipe(sock)
        self.targets.append(read_request(client).target)
        server = socket.create_connection((self.origin.address, self.origin.port))
        client.send(b"HTTP/1.1 200 OK\r\n\r\n")
        threading.Thread(target=self._copy, args=(server, sock), daemon=True).start()
        self._copy(sock, server)

    @staticmethod
    def _copy(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.mark.parametrize("client", CLIENTS)
def test_client_trusts_whom_it_is_told_to(client, origin, world, shared, client_tools, home):
    site = origin(cert=world.good("localhost"))
    url = f"https://localhost:{site.port}/"

    trusted = CLIENTS[client](client_tools, home, url, ca=shared["root"])

    assert trusted.ok and b"hello" in trusted.body, trusted


@pytest.mark.parametrize("client", CLIENTS)
def test_client_goes_through_the_proxy_and_refuses_who_is_not_trusted(client, origin, world, shared, client_tools, home):
    site = origin(cert=world.good("site.test"))
    proxy = PlainProxy(site)
    url = f"https://site.test:{site.port}/"
    try:
        trusted = CLIENTS[client](client_tools, home, url, proxy=proxy.url, ca=shared["root"])
        refused = CLIENTS[client](client_tools, home, url, proxy=proxy.url)
    finally:
        proxy.stop()

    assert trusted.ok and b"hello" in trusted.body, trusted
    assert not refused.ok, refused
    assert len(site.requests) == 1
    assert proxy.targets == [f"site.test:{site.port}"] * 2
