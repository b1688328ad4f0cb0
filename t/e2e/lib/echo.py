"""A site that says what it was asked, and a client that asks it through a proxy."""
import json

from lib.message import read_response, reply


def echo(request):
    said = {"method": request.method, "target": request.target, "host": request.value("Host"),
            "fields": [list(pair) for pair in request.fields], "body": request.body.decode("latin-1")}
    return reply(json.dumps(said).encode(), "200 OK", "Content-Type: application/json", "X-Server: site")


def send(pipe, site, target="/", *fields, method="GET", body=b""):
    host = f"site.test:{site.port}"
    lines = [f"{method} http://{host}{target} HTTP/1.1", f"Host: {host}", *fields]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    pipe.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def ask(proxy, site, target="/", *fields, method="GET", body=b""):
    with proxy.dial() as pipe:
        send(pipe, site, target, *fields, method=method, body=body)
        return read_response(pipe, method)
