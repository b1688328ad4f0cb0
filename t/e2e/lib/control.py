"""The control API as a client sees it, and its answers held against its own description."""
import json
import re
import socket

from lib.message import read_response
from lib.pipe import Pipe

KINDS = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "null": type(None)}


class Control:
    """The API of a running Weir: options("--api", "--web-listen", "127.0.0.1:0") start one."""

    OPTIONS = ("--api", "--web-listen", "127.0.0.1:0")

    def __init__(self, proxy):
        self.proxy = proxy
        line = proxy.wait_line("control http")
        self.url, self.token = re.fullmatch(r"control (https?://\S+)/#token=([0-9a-f]{64})", line).groups()
        self.tls = self.url.startswith("https")
        self.at = self.url.partition("//")[2]
        self.port = int(self.at.rpartition(":")[2])
        self.socket_path = proxy.confdir / "api.sock"

    # Connections

    def dial(self, host="127.0.0.1"):
        pipe = Pipe(socket.create_connection((host, self.port)))
        return pipe.start_tls(self.proxy.context(), name=host) if self.tls else pipe

    def dial_socket(self):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(self.socket_path))
        return Pipe(sock)

    # Requests

    def request(self, method, path, content=None, token=True, fields=()):
        """The bytes of one. 'fields' take the place of ours with the same name; a value of None leaves it out."""
        body = b"" if content is None else content if isinstance(content, bytes) else json.dumps(content).encode()
        all_fields = {"Host": self.at}
        if token:
            all_fields["Authorization"] = f"Bearer {self.token if token is True else token}"
        if body:
            all_fields["Content-Length"] = str(len(body))
        all_fields.update(fields)
        lines = [f"{name}: {value}" for name, value in all_fields.items() if value is not None]
        return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode("latin-1") + body

    def call(self, method, path, content=None, pipe=None, **how):
        """The answer to one; a given connection is left open. Its status, fields, body, and .json."""
        own = pipe or self.dial()
        own.send(self.request(method, path, content, **how))
        answer = read_response(own, method)
        if not pipe:
            own.close()
        return answer

    def get(self, path, **how):
        """The JSON of a good answer below /api/v1."""
        answer = self.call("GET", f"/api/v1{path}", **how)
        assert answer.status == 200, answer.head + answer.body
        return json.loads(answer.body)

    def code(self, *args, **how):
        """The status and the word of an error."""
        answer = self.call(*args, **how)
        return answer.status, json.loads(answer.body)["error"]["code"]


def misfits(value, schema, document, at="answer"):
    """What of the value is not as the schema says: the parts of JSON Schema that our document uses."""
    if "$ref" in schema:
        assert schema["$ref"].startswith("#/components/schemas/"), schema
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and type(value) not in [KINDS[kind] for kind in kinds]:
        return [f"{at}: {value!r} is not {kinds}"]
    found = []
    if isinstance(value, dict):
        found += [f"{at}: no '{name}'" for name in schema.get("required", []) if name not in value]
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                found += misfits(value[name], inner, document, f"{at}.{name}")
    if isinstance(value, list):
        for i, one in enumerate(value):
            found += misfits(one, schema.get("items", {}), document, f"{at}[{i}]")
    return found


def operations(document):
    """(method, path, operation) of all routes."""
    return [(method.upper(), path, operation) for path, methods in document["paths"].items()
            for method, operation in methods.items()]
