"""Two ends of a WebSocket through a proxy, both in the hands of a test."""
import queue

from lib.wait import until
from lib.websocket import CLOSE, WebSocket, accept, frame

KEY = b"\x37\xfa\x21\x3d"  # the mask of all frames of the client


class Ends:
    """One connection: .client and .server are Pipes."""

    def __init__(self, client, server):
        self.client, self.server = client, server

    def sides(self, sender):
        """The Pipe of the sender, then that of the other."""
        return (self.client, self.server) if sender == "client" else (self.server, self.client)

    def finish(self):
        """Both say Close, and the connections end."""
        self.client.send(frame(CLOSE, b"\x03\xe8", mask=KEY))
        self.server.send(frame(CLOSE, b"\x03\xe8", mask=False))
        self.end()

    def end(self):
        self.server.over = True
        self.client.read_rest()
        self.client.close()


class Lines:
    """Makes connections to one site through one proxy. 'fields' are what the 101 says besides."""

    def __init__(self, weir, origin, *options, fields=(), cert=None, keep=True):
        self.accepted, self.fields, self.keep = queue.Queue(), fields, keep
        self.site = origin(self._serve, cert=cert, keep=keep)
        self.proxy = weir(*options, sites=[self.site])

    def _serve(self, conn):
        conn.over = False
        accept(conn, *self.fields)
        self.accepted.put(conn)
        until(lambda: conn.over, "the test is done with the connection", limit=100)

    def open(self):
        if self.site.context:
            client = self.proxy.secure("site.test", self.site.port, keep=self.keep)
        else:
            client = self.proxy.tunnel(f"site.test:{self.site.port}", keep=self.keep)
        offer = [("Sec-WebSocket-Extensions", "permessage-deflate")] if self.fields else []
        assert WebSocket(client, "/ws", "site.test", offer).answer.status == 101
        return Ends(client, self.accepted.get(timeout=20))


def mask_of(sender):
    return KEY if sender == "client" else False
