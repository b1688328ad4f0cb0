"""The environment of every process that a test starts: nothing of the machine's proxies and trust gets in."""
import os
import subprocess

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def scrubbed(home, **more):
    env = {"PATH": PATH, "HOME": str(home), "TMPDIR": str(home), "LANG": "C.UTF-8", "TZ": "UTC"}
    env.update({name: str(value) for name, value in more.items() if value is not None})
    return env


def run(command, home, limit=60, stdin=b"", cwd=None, **more):
    """Runs a command to its end; its output is bytes."""
    return subprocess.run([str(word) for word in command], env=scrubbed(home, **more), cwd=cwd or home,
                          input=stdin, capture_output=True, timeout=limit, check=False)


def is_root():
    return os.geteuid() == 0
