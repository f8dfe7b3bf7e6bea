"""The real binary, started on an ephemeral port with a data directory of its own, and stopped.

    with Server("sqlite") as server:
        answer = server.client().upload(b"a,b\\n1,2\\n")

MILLRACE_BIN names the binary (default build/release/millrace), MILLRACE_TEST_STORE one store (default both).
"""

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid

from . import tokens
from .client import Client
from .pg import PgServer, bin_dir, die_with_parent

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.abspath(os.environ.get("MILLRACE_BIN", os.path.join(ROOT, "build/release/millrace")))

# Wide limits and short waits, so that tests measure behaviour and not patience. Tests of a limit set their own.
DEFAULTS = {"MILLRACE_HTTP_RATE_LIMIT": "0"}

_postgres = None
_postgres_lock = threading.Lock()


def stores():
    chosen = os.environ.get("MILLRACE_TEST_STORE", "")
    return [chosen] if chosen else ["sqlite", "postgres"]


def postgres():
    """The one cluster of this test run."""
    global _postgres
    with _postgres_lock:
        if _postgres is None:
            _postgres = PgServer()
            _postgres.__enter__()
            atexit.register(_postgres.__exit__)
        return _postgres


def have_postgres():
    return bin_dir() is not None


def spec(**points):
    """MILLRACE_FAILPOINT of `name__with__dots="action"`."""
    return ",".join(f"{name.replace('__', '.')}:{action}" for name, action in points.items())


class Server:
    """One process of millrace. `role`: all, serve or worker. With `database_url` several may share one database."""

    def __init__(self, store="sqlite", *, role="all", env=None, args=(), data_dir=None, database_url=None,
                 secret=tokens.SECRET, listen="127.0.0.1:0"):
        self.store, self.role, self.args, self.secret, self.listen = store, role, list(args), secret, listen
        self.root = tempfile.mkdtemp(prefix="millrace-test-")
        self.data_dir = data_dir or os.path.join(self.root, "data")
        self.env = {**DEFAULTS, **(env or {})}
        self.database_url = database_url
        if store == "postgres" and database_url is None:
            self.database_url = postgres().create_database()
        self.process = None
        self.host, self.port = "127.0.0.1", None
        self.starts = 0

    def environment(self):
        keep = ("PATH", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "LD_LIBRARY_PATH")
        env = {k: os.environ[k] for k in keep if k in os.environ}
        env["HOME"] = self.root
        if self.secret is not None:
            env["JWT_SECRET"] = self.secret
        if self.database_url:
            env["DATABASE_URL"] = self.database_url
        env.update({k: v for k, v in self.env.items() if v is not None})
        return env

    def spawn(self, role=None, args=None, extra_env=None):
        """Starts the process without waiting for it."""
        self.starts += 1
        self.port_file = os.path.join(self.root, f"port-{self.starts}")
        self.log_path = os.path.join(self.root, f"log-{self.starts}")
        command = [BINARY, role or self.role, "--data-dir", self.data_dir]
        if (role or self.role) != "worker":
            command += ["--listen", self.listen, "--port-file", self.port_file]
        command += self.args if args is None else args
        log = open(self.log_path, "wb")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.root,
                                        env={**self.environment(), **(extra_env or {})},
                                        preexec_fn=lambda: die_with_parent(signal.SIGKILL))
        log.close()
        return self

    def start(self, timeout=30, **options):
        self.spawn(**options)
        if self.role == "worker":
            return self
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"millrace ended with {self.process.returncode} at start: {self.log()[-3000:]}")
            try:
                with open(self.port_file) as f:
                    text = f.read().strip()
                if text:
                    self.port = int(text.rsplit(":", 1)[-1])
                    return self
            except (FileNotFoundError, ValueError):
                pass
            time.sleep(0.005)
        self.kill()
        raise AssertionError(f"millrace wrote no port within {timeout} s: {self.log()[-3000:]}")

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        try:
            with open(self.log_path, errors="replace") as f:
                return f.read()
        except (AttributeError, FileNotFoundError):
            return ""

    def wait(self, timeout=30):
        """The exit status; AssertionError when the process does not end."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"millrace did not end within {timeout} s: {self.log()[-2000:]}") from None

    def stop(self, timeout=30):
        """Graceful: SIGTERM, then the exit status."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.wait(timeout) if self.process else None
        except AssertionError:
            self.kill()
            raise

    def kill(self):
        if self.process is not None:
            if self.alive():
                self.process.kill()
            self.process.wait()

    def restart(self, kill=False, **options):
        self.kill() if kill else self.stop()
        return self.start(**options)

    def remove(self):
        self.kill()
        shutil.rmtree(self.root, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.remove()

    def client(self, user=None, **claims):
        """A client with a good token; a new user each time unless `user` names one."""
        user = user or str(uuid.uuid4())
        return Client(self, tokens.token(user, secret=self.secret, **claims), user=user)

    def anonymous(self):
        return Client(self)


def run_binary(*arguments, env=None, timeout=60, cwd=None, input=None):
    """Runs the binary to its end; CompletedProcess with text."""
    keep = {k: os.environ[k] for k in ("PATH", "LANG", "ASAN_OPTIONS") if k in os.environ}
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=timeout, cwd=cwd, input=input,
                          env={**keep, "HOME": "/nonexistent", **(env or {})})
