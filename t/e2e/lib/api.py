"""The control API of a proxy under test, over its Unix socket."""
import http.client
import json
import socket

from lib.wait import until


OPTIONS = ("--api", "--web-listen", "127.0.0.1:0")  # what it has to be started with


class _Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(self._path)


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status, body):
        super().__init__(f"{status} {body}")
        self.status, self.body = status, body


class Api:
    """api.get("/flows", query="status=200"), api.post("/rules", {...}): the JSON of the answer, or Refused."""

    def __init__(self, proxy, name=None):
        self.path = proxy.confdir / "api.sock"
        self.fields = {"X-Weir-Client": name} if name else {}

    def raw(self, method, target, body=None, **fields):
        """Status, fields, bytes."""
        connection = _Connection(self.path)
        try:
            connection.request(method, "/api/v1" + target, body=body, headers={**self.fields, **fields})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def call(self, method, target, value=None, **query):
        if query:
            from urllib.parse import urlencode
            target += "?" + urlencode(query)
        body = None if value is None else json.dumps(value).encode()
        fields = {} if value is None else {"Content-Type": "application/json"}
        status, _, content = self.raw(method, target, body, **fields)
        value = json.loads(content) if content else None
        if status >= 300:
            raise Refused(status, value)
        return value

    def get(self, target, **query):
        return self.call("GET", target, **query)

    def post(self, target, value=None, **query):
        return self.call("POST", target, {} if value is None else value, **query)

    def put(self, target, value):
        return self.call("PUT", target, value)

    def patch(self, target, value):
        return self.call("PATCH", target, value)

    def delete(self, target):
        return self.call("DELETE", target)

    # What tests ask most

    def held(self):
        return self.get("/held")["flows"]

    def wait_held(self, n=1, **want):
        """At least n flows that are held, and look like this."""
        def look():
            found = [one for one in self.held() if all(one[key] == value for key, value in want.items())]
            return found if len(found) >= n else None
        return until(look, lambda: f"{n} held flows with {want}: {self.held()}")

    def rule(self, do, when="", **args):
        """Adds a rule; its id."""
        return self.post("/rules", {"name": f"test {do}", "when": when, "do": do, **args})["id"]
