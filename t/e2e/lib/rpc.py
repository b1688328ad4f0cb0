"""gRPC by python3-grpcio, on both sides: a service whose messages are bytes, and channels that lead to it through a proxy."""
import concurrent.futures

import grpc

NAME = "test.Lake"
OWN_CONNECTION = [("grpc.use_local_subchannel_pool", 1), ("grpc.ssl_target_name_override", "site.test"),
                  ("grpc.default_authority", "site.test")]


class Service(grpc.GenericRpcHandler):
    """Finds the method of a call among those of its subclass: their names, with how they are called."""

    kinds = {"unary": grpc.unary_unary_rpc_method_handler, "down": grpc.unary_stream_rpc_method_handler,
             "up": grpc.stream_unary_rpc_method_handler, "both": grpc.stream_stream_rpc_method_handler}

    def service(self, details):
        service, _, method = details.method.strip("/").rpartition("/")
        kind, _, _ = method.partition("_")
        found = service == NAME and getattr(self, method, None)
        return self.kinds[kind](found) if found else None


class Server:
    """Serves a Service at a free port, under TLS with a certificate or in clear."""

    address = "127.0.0.1"

    def __init__(self, service, cert=None, **how):
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(8), handlers=[service], **how)
        at = f"{self.address}:0"
        if cert:
            chain = cert.pem + b"".join(above.pem for above in cert.chain)
            self.port = self.server.add_secure_port(at, grpc.ssl_server_credentials([(cert.key_pem, chain)]))
        else:
            self.port = self.server.add_insecure_port(at)
        self.server.start()

    def stop(self):
        self.server.stop(0).wait()


def channel(target, root=None, proxy=None, options=()):
    """To "host:port", by TLS with a root to trust (PEM) or in clear; the proxy, an URL, is asked for a tunnel."""
    options = [*OWN_CONNECTION, *options, ("grpc.enable_http_proxy", int(bool(proxy)))]
    options += [("grpc.http_proxy", proxy)] if proxy else []
    if root:
        return grpc.secure_channel(target, grpc.ssl_channel_credentials(root), options)
    return grpc.insecure_channel(target, options)
