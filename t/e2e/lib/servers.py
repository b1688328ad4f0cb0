"""Servers of Debian that begin in clear and change to TLS: each in a folder of its own, at an address of its own, not as root."""
import grp
import itertools
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess

from lib.env import is_root, run, scrubbed
from lib.wait import until

USER = "nobody" if is_root() else pwd.getpwuid(os.geteuid()).pw_name
GROUP = grp.getgrgid(pwd.getpwnam(USER).pw_gid).gr_name
NUMBERS = itertools.count()
PASSWORD = "open-sesame"


def by_user(*command):
    """The command, run by somebody who is not root, and ended if the test is."""
    to = ["--reuid", USER, "--regid", GROUP, "--clear-groups"] if is_root() else []
    return ["setpriv", *to, "--pdeathsig", "KILL", *map(str, command)]


class Server:
    """Its certificate, with the key, is the file server.pem of its folder."""

    name = "localhost"
    ports = ("port",)
    stop_signal = signal.SIGTERM

    def __init__(self, folder, cert):
        self.folder = pathlib.Path(folder)
        # Nobody else is at this address, so a port that is free there stays so.
        number = os.getpid() % 65000 + 1
        self.address = f"127.{54 + next(NUMBERS) % 100}.{number // 256}.{number % 256}"
        for port in self.ports:
            setattr(self, port, self._free_port())
        self.pem = cert.write(self.folder / "server.pem")
        self.log = self.folder / "log"
        self.process = None

    def start(self):
        self.prepare()
        self._own()
        self.install()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(by_user(*self.command()), env=scrubbed(self.folder), cwd=self.folder,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(self._is_ready, lambda: f"{type(self).__name__}: {self.said}")
        return self

    def _free_port(self):
        with socket.socket() as sock:
            sock.bind((self.address, 0))
            return sock.getsockname()[1]

    def _own(self):
        for path in [self.folder, *self.folder.rglob("*")] if is_root() else []:
            shutil.chown(path, USER, GROUP)

    def _is_ready(self):
        assert self.process.poll() is None, f"{type(self).__name__} ended: {self.said}"
        try:
            for port in self.ports:
                socket.create_connection((self.address, getattr(self, port)), 5).close()
        except OSError:
            return False
        return True

    @property
    def said(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def do(self, *command, limit=60):
        done = run(by_user(*command), self.folder, limit=limit)
        assert done.returncode == 0, done.stdout + done.stderr

    def stop(self):
        if not self.process:
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{type(self).__name__} did not end: {self.said}") from None

    # What a kind of server has of its own

    def prepare(self):
        """Writes its files."""

    def install(self):
        """Runs, as its user, what it needs before it can start."""

    def command(self):
        raise NotImplementedError


class PostgreSQL(Server):
    """Takes nobody but under TLS, by the password of the user 'me'."""

    stop_signal = signal.SIGINT  # it does not wait for its clients

    def prepare(self):
        self.bin = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
        (self.folder / "password").write_text(PASSWORD)
        (self.folder / "hba").write_text("hostssl all all all scram-sha-256\n")

    def install(self):
        self.do(self.bin / "initdb", "--pgdata", self.folder / "data", "--username", "me", "--auth", "scram-sha-256",
                "--pwfile", self.folder / "password", "--no-sync", "--locale", "C", "--encoding", "UTF8")

    def command(self):
        return [self.bin / "postgres", "-D", self.folder / "data", "-h", self.address, "-p", self.port,
                "-k", self.folder, "-c", "ssl=on", "-c", f"ssl_cert_file={self.pem}", "-c", f"ssl_key_file={self.pem}",
                "-c", f"hba_file={self.folder}/hba", "-c", "fsync=off", "-c", "max_connections=10"]

    def _is_ready(self):
        return super()._is_ready() and "ready to accept connections" in self.said


class OpenLDAP(Server):
    """A directory below dc=test whose master is cn=me,dc=test."""

    def prepare(self):
        # A copy: where AppArmor watches the one of the package, it may only read that one's files.
        shutil.copy("/usr/sbin/slapd", self.folder / "slapd")
        (self.folder / "data").mkdir()
        (self.folder / "conf").write_text(
            f"include /etc/ldap/schema/core.schema\npidfile {self.folder}/pid\n"
            f"TLSCertificateFile {self.pem}\nTLSCertificateKeyFile {self.pem}\nsecurity simple_bind=128\n"
            f"database ldif\nsuffix dc=test\nrootdn cn=me,dc=test\nrootpw {PASSWORD}\ndirectory {self.folder}/data\n")

    def command(self):
        return [self.folder / "slapd", "-d", "stats", "-f", self.folder / "conf", "-h", f"ldap://{self.address}:{self.port}"]


class Dovecot(Server):
    """IMAP, POP3 and submission, which take a password under TLS only; what is submitted goes to the relay, a port."""

    ports = ("imap", "pop3", "submission")

    def __init__(self, folder, cert, relay):
        self.relay = relay
        super().__init__(folder, cert)

    def prepare(self):
        login = "".join(f"service {name}-login {{\n chroot =\n inet_listener {name} {{\n port = {getattr(self, name)}\n }}\n"
                        f" inet_listener {name}s {{\n port = 0\n }}\n}}\n" for name in self.ports)
        (self.folder / "home").mkdir()
        (self.folder / "conf").write_text(
            f"base_dir = {self.folder}/run\nstate_dir = {self.folder}/run\nlog_path = /dev/stderr\n"
            f"protocols = {' '.join(self.ports)}\nlisten = {self.address}\nssl = required\n"
            f"ssl_cert = <{self.pem}\nssl_key = <{self.pem}\nauth_mechanisms = plain login\n"
            f"default_internal_user = {USER}\ndefault_login_user = {USER}\ndefault_internal_group = {GROUP}\n"
            f"passdb {{\n driver = static\n args = password={PASSWORD}\n}}\n"
            f"userdb {{\n driver = static\n args = uid={USER} gid={GROUP} home={self.folder}/home\n}}\n"
            f"mail_location = maildir:~/mail\nhostname = {self.name}\n"
            f"submission_relay_host = 127.0.0.1\nsubmission_relay_port = {self.relay}\n"
            f"service anvil {{\n chroot =\n}}\nservice stats {{\n chroot =\n}}\n{login}")

    def command(self):
        return ["dovecot", "-F", "-c", self.folder / "conf"]


class Exim(Server):
    """Takes letters under TLS only, from whoever gives the password of 'me', and keeps them in its queue."""

    def prepare(self):
        # A copy has no rights but those of its user.
        shutil.copy("/usr/sbin/exim4", self.folder / "exim4")
        (self.folder / "conf").write_text(
            f"exim_user = {USER}\nexim_group = {GROUP}\nprimary_hostname = {self.name}\nkeep_environment =\n"
            f"spool_directory = {self.folder}/spool\nlog_file_path = {self.folder}/%slog\n"
            f"pid_file_path = {self.folder}/pid\nlocal_interfaces = {self.address}.{self.port}\nqueue_only = true\n"
            f"tls_advertise_hosts = *\ntls_certificate = {self.pem}\ntls_privatekey = {self.pem}\n"
            "auth_advertise_hosts = ${if def:tls_in_cipher {*}}\nacl_smtp_rcpt = mine\n"
            "begin acl\nmine:\naccept authenticated = *\nencrypted = *\nbegin authenticators\nplain:\n"
            "driver = plaintext\npublic_name = PLAIN\nserver_prompts = :\nserver_set_id = $auth2\n"
            f"server_condition = ${{if and {{{{eq{{$auth2}}{{me}}}}{{eq{{$auth3}}{{{PASSWORD}}}}}}}}}\n")

    def command(self):
        return [self.folder / "exim4", "-bdf", "-C", self.folder / "conf"]

    @property
    def letters(self):
        return [path.read_bytes() for path in sorted((self.folder / "spool" / "input").glob("**/*-D"))]


class Prosody(Server):
    """Knows 'me' and 'you' of its name, under TLS only."""

    def prepare(self):
        users = self.folder / "data" / self.name / "accounts"
        users.mkdir(parents=True)
        for user in ("me", "you"):
            (users / f"{user}.dat").write_text(f'return {{ ["password"] = "{PASSWORD}"; }};\n')
        (self.folder / "conf.lua").write_text(
            f'data_path = "{self.folder}/data"\npidfile = "{self.folder}/pid"\nlog = "*console"\n'
            'modules_enabled = { "saslauth", "tls", "disco", "roster" }\nmodules_disabled = { "s2s" }\n'
            f'interfaces = {{ "{self.address}" }}\nc2s_ports = {{ {self.port} }}\nc2s_require_encryption = true\n'
            f'authentication = "internal_plain"\nssl = {{ key = "{self.pem}"; certificate = "{self.pem}" }}\n'
            f'VirtualHost "{self.name}"\n')

    def command(self):
        return ["prosody", "--config", self.folder / "conf.lua", "-F"]


class MariaDB(Server):
    """Takes the user 'me' under TLS only, by its password."""

    def prepare(self):
        (self.folder / "init").write_text(f"CREATE USER me IDENTIFIED BY '{PASSWORD}' REQUIRE SSL;\n")

    def install(self):
        self.do("mariadb-install-db", "--no-defaults", f"--datadir={self.folder}/data", "--skip-test-db",
                "--auth-root-authentication-method=normal", "--innodb=OFF", "--default-storage-engine=Aria")

    def command(self):
        return ["mariadbd", "--no-defaults", "--datadir", self.folder / "data", "--socket", self.folder / "socket",
                "--pid-file", self.folder / "pid", "--bind-address", self.address, "--port", self.port,
                "--ssl-cert", self.pem, "--ssl-key", self.pem, "--init-file", self.folder / "init",
                "--innodb=OFF", "--default-storage-engine=Aria"]
