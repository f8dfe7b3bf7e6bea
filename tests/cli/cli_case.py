"""What the tests of the command line share: running it plainly and on a pseudo terminal."""

import os
import pty
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from support.server import BINARY, Server

# A sanitized program is slower and larger; limits of time and memory are for the one that is shipped.
SANITIZED = b"libasan" in subprocess.run(["ldd", BINARY], capture_output=True).stdout
KEEP = ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LD_LIBRARY_PATH")


def environment(more=None, home="/nonexistent"):
    env = {k: os.environ[k] for k in KEEP if k in os.environ}
    env.update({"HOME": home, "LANG": "C.UTF-8", "TERM": "xterm"})
    env.update(more or {})
    return {k: v for k, v in env.items() if v is not None}


class CliCase(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="millrace-cli-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def file(self, name, content):
        with open(self.path(name), "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return self.path(name)

    def read(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()

    def run_cli(self, *arguments, env=None, input=None, timeout=60):
        data = input.encode() if isinstance(input, str) else input
        done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, input=data if data is not None else b"",
                              timeout=timeout, cwd=self.dir, env=environment(env, self.dir))
        done.out, done.err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        return done

    def expect(self, status, *arguments, **options):
        done = self.run_cli(*arguments, **options)
        self.assertEqual(done.returncode, status, f"{arguments}\n--- out\n{done.out}\n--- err\n{done.err}")
        return done

    def server(self, **options):
        server = Server("sqlite", **options)
        self.addCleanup(server.remove)
        return server.start()


class Terminal:
    """A process on a pseudo terminal of `columns`; what it writes is kept in `text`."""

    def __init__(self, arguments, cwd, env=None, columns=80):
        self.text = ""
        self.status = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.execve(BINARY, [BINARY, *map(str, arguments)], environment({"COLUMNS": None, **(env or {})}, cwd))
        import fcntl
        import struct
        import termios
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))

    def _take(self, wait):
        ready, _, _ = select.select([self.fd], [], [], wait)
        if not ready:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.text += data.decode("utf-8", "replace")
        return bool(data)

    def until(self, wanted, timeout=30):
        deadline = time.monotonic() + timeout
        while wanted not in self.text:
            if time.monotonic() > deadline or not self._take(0.2):
                raise AssertionError(f"{wanted!r} did not appear in {self.text[-3000:]!r}")
        return self

    def send(self, data):
        os.write(self.fd, data)

    def wait(self, timeout=60):
        """The exit status."""
        deadline = time.monotonic() + timeout
        while self._take(0.2):
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
                raise AssertionError(f"it did not end: {self.text[-3000:]!r}")
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        self.status = os.waitstatus_to_exitcode(status)
        return self.status
