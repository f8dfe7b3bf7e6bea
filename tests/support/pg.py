"""A throw-away PostgreSQL for tests: initdb and postgres in a temporary directory, gone at the end.

    with PgServer() as pg:
        run(["psql", pg.url])                 # the database "millrace"
        other = pg.create_database()          # a fresh, empty one; returns its URL
"""

import ctypes
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PR_SET_PDEATHSIG = 1


def bin_dir():
    """Directory of the PostgreSQL programs, or None when it is not installed."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"), key=lambda p: int(p.split("/")[4]))
    if found:
        return os.path.dirname(found[-1])
    on_path = shutil.which("postgres")
    return os.path.dirname(on_path) if on_path else None


def die_with_parent(sig):
    """For preexec_fn: the child gets `sig` when the thread that started it ends, so nothing outlives a killed test run."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, sig)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class PgServer:
    """One cluster on a loopback port, trust authentication. `durable=True` keeps fsync on (slower)."""

    def __init__(self, durable=False, settings=None):
        self.bin = bin_dir()
        if self.bin is None:
            raise RuntimeError("PostgreSQL is not installed")
        self.durable = durable
        self.settings = dict(settings or {})
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self.process = None
        self.serial = 0

    def __enter__(self):
        self.root = tempfile.mkdtemp(prefix="millrace-pg-")
        self.data = os.path.join(self.root, "data")
        if os.geteuid() == 0:
            shutil.chown(self.root, "postgres", "postgres")
        self._run("initdb", "-D", self.data, "-U", self.user, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                  "--no-sync", "--no-instructions")
        self.start()
        self.url = self.create_database("millrace")
        return self

    def __exit__(self, *_):
        self.stop("immediate")
        shutil.rmtree(self.root, ignore_errors=True)

    def start(self):
        """Starts the cluster (again); the port stays the same once it is chosen."""
        for attempt in range(5):
            if not hasattr(self, "port") or attempt:
                self.port = free_port()
            options = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "",
                       "fsync": "on" if self.durable else "off", "shared_buffers": "64MB", "max_connections": 200,
                       "log_min_messages": "warning", **self.settings}
            if not self.durable:
                options["full_page_writes"] = "off"
            command = [os.path.join(self.bin, "postgres"), "-D", self.data]
            for key, value in options.items():
                command += ["-c", f"{key}={value}"]
            log = open(os.path.join(self.root, "log"), "ab")
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.root,
                                            preexec_fn=lambda: die_with_parent(signal.SIGQUIT), **self._identity())
            log.close()
            if self._wait_ready():
                return
        raise RuntimeError("PostgreSQL did not start: " + self.log()[-2000:])

    def _wait_ready(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                return False
            ready = subprocess.run([os.path.join(self.bin, "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)])
            if ready.returncode == 0:
                return True
            time.sleep(0.05)
        return False

    def stop(self, mode="fast"):
        """`mode`: smart, fast, immediate or kill (SIGKILL of the postmaster)."""
        if self.process is None or self.process.poll() is not None:
            return
        signals = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT, "kill": signal.SIGKILL}
        self.process.send_signal(signals[mode])
        self.process.wait(timeout=30)

    def log(self):
        with open(os.path.join(self.root, "log"), errors="replace") as f:
            return f.read()

    def url_of(self, database):
        return f"postgresql://{self.user}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name=None):
        """A fresh, empty database; returns its URL."""
        if name is None:
            self.serial += 1
            name = f"test_{os.getpid()}_{self.serial}"
        psql(self.url_of("postgres"), f'CREATE DATABASE "{name}"')
        return self.url_of(name)

    def _identity(self):
        return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}

    def _run(self, program, *arguments):
        done = subprocess.run([os.path.join(self.bin, program), *arguments], capture_output=True, text=True,
                              cwd=self.root, **self._identity())
        if done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stderr}")


def psql(url, sql):
    """Runs SQL, returns the rows as lists of strings (NULL is None)."""
    program = os.path.join(bin_dir(), "psql")
    done = subprocess.run([program, "-X", "-q", "-A", "-t", "-F", "\x1f", "-R", "\x1e", "-P", "null=\x1d",
                           "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{sql}: {done.stderr}")
    text = done.stdout.rstrip("\n")
    if not text:
        return []
    return [[None if cell == "\x1d" else cell for cell in row.split("\x1f")] for row in text.split("\x1e")]
