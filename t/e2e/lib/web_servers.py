"""Web servers of Debian that speak HTTP/2, under TLS and in clear; behind each are a site of HTTP/1 and one of gRPC."""
from lib.rpc import NAME
from lib.servers import Server


class WebServer(Server):
    """'port' is under TLS; 'site' and 'rpc' are ports of 127.0.0.1."""

    name = "site.test"
    ports = ("port", "clear")
    trailers = {"x-sum": "9"}  # those of the site

    def __init__(self, folder, cert, site, rpc):
        self.site, self.rpc = f"127.0.0.1:{site}", f"127.0.0.1:{rpc}"
        super().__init__(folder, cert)

    @property
    def conf(self):
        return self.folder / "conf"


class Nginx(WebServer):
    trailers = {"x-end": "behind it"}  # of its own: it passes none on, and takes those of a request for an error

    def prepare(self):
        temp = "".join(f"{kind}_temp_path {self.folder}/{kind};\n" for kind in ("proxy", "fastcgi", "uwsgi", "scgi", "client_body"))
        self.conf.write_text(
            f"daemon off;\nmaster_process off;\npid {self.folder}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n{temp}"
            "access_log off;\nclient_max_body_size 0;\nmap $http_upgrade $way {\n'' close;\ndefault upgrade;\n}\n"
            f"server {{\nlisten {self.address}:{self.port} ssl http2;\nlisten {self.address}:{self.clear} http2;\n"
            f"ssl_certificate {self.pem};\nssl_certificate_key {self.pem};\nlocation / {{\nproxy_pass http://{self.site};\n"
            "proxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection $way;\n}\n"
            f"location /trailers {{\nproxy_pass http://{self.site};\nadd_trailer X-End 'behind it';\n}}\n"
            f"location /{NAME}/ {{\ngrpc_pass grpc://{self.rpc};\n}}\n}}\n}}\n")

    def command(self):
        return ["nginx", "-c", self.conf, "-e", "stderr"]


class HAProxy(WebServer):
    def prepare(self):
        self.conf.write_text(
            "defaults\nmode http\ntimeout connect 20s\ntimeout client 60s\ntimeout server 60s\n"
            f"frontend web\nbind {self.address}:{self.port} ssl crt {self.pem} alpn h2,http/1.1\n"
            f"bind {self.address}:{self.clear} proto h2\nuse_backend rpc if {{ path_beg /{NAME}/ }}\ndefault_backend site\n"
            f"backend site\nserver site {self.site}\nbackend rpc\nserver rpc {self.rpc} proto h2\n")

    def command(self):
        return ["haproxy", "-f", self.conf, "-db"]


class Apache(WebServer):
    def prepare(self):
        modules = ("mpm_event", "authz_core", "ssl", "http2", "proxy", "proxy_http", "proxy_wstunnel")
        load = "".join(f"LoadModule {name}_module modules/mod_{name}.so\n" for name in modules)
        self.conf.write_text(
            f"ServerRoot /usr/lib/apache2\nServerName {self.name}\n{load}PidFile {self.folder}/pid\nMutex pthread\n"
            f"DefaultRuntimeDir {self.folder}\nErrorLog {self.folder}/errors\nProxyPass / http://{self.site}/ upgrade=websocket\n"
            f"Protocols h2 h2c http/1.1\nListen {self.address}:{self.port}\nListen {self.address}:{self.clear}\n"
            f"<VirtualHost {self.address}:{self.port}>\nServerName {self.name}\nSSLEngine on\nSSLCertificateFile {self.pem}\n"
            "</VirtualHost>\n")

    def command(self):
        return ["apache2", "-D", "FOREGROUND", "-f", self.conf]
