"""The two ways through the proxy, in the open and in TLS within a tunnel, with the same questions for both."""
from lib.message import read_response
from lib.origin import Origin

HOST = "site.test"
PLAIN, HTTPS = "plain", "https"
WAYS = (PLAIN, HTTPS)


class Way:
    """One origin and one proxy in front of it. serve() and start() come first, in this order."""

    def __init__(self, kind, weir, origin, world):
        self.secure = kind == HTTPS
        self.scheme = "https" if self.secure else "http"
        self._weir, self._origin, self._world = weir, origin, world
        self.site = self.proxy = None

    def cert(self):
        return self._world.good(HOST) if self.secure else None

    def serve(self, script=None, **how) -> Origin:
        self.site = self._origin(script, cert=self.cert(), **how)
        return self.site

    def start(self, *options, sites=None, **how):
        self.proxy = self._weir(*options, sites=[self.site] if sites is None else sites, **how)
        return self.proxy

    @property
    def authority(self):
        return f"{HOST}:{self.site.port}"

    def url(self, path="/", authority=None):
        return f"{self.scheme}://{authority or self.authority}{path}"

    def open(self, authority=None, **how):
        """A connection on which requests can be sent."""
        if not self.secure:
            return self.proxy.dial(**how)
        host, _, port = (authority or self.authority).rpartition(":")
        return self.proxy.secure(host, int(port), **how)

    def request(self, path="/", *fields, method="GET", authority=None, body=None):
        """The bytes of a request."""
        authority = authority or self.authority
        target = path if self.secure else f"http://{authority}{path}"
        lines = [f"{method} {target} HTTP/1.1", f"Host: {authority}", *fields]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")

    def get(self, path="/", *fields, **how):
        """The answer to a request of its own connection."""
        with self.open(how.get("authority")) as pipe:
            pipe.send(self.request(path, *fields, **how))
            return read_response(pipe, how.get("method", "GET"))

    def still_serves(self):
        """Whatever happened: the same proxy serves somebody else."""
        site = self._origin()
        with self.proxy.dial() as pipe:
            pipe.send(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % site.url("/after").encode())
            assert read_response(pipe).body == b"hello\n"
