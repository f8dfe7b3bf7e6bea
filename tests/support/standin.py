"""`millrace llm-standin`: a language model that answers by a script."""

import json
import subprocess
import tempfile
import time

from .client import Client
from .pg import die_with_parent, free_port
from .server import BINARY


class Standin:
    """Its port is known before it runs, so that a server can be told of it."""

    host = "127.0.0.1"

    def __init__(self):
        self.port = free_port()
        self.url = f"http://{self.host}:{self.port}"
        self.process = None

    def start(self):
        if self.process and self.process.poll() is None:
            return self
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen([BINARY, "llm-standin", "--listen", f"{self.host}:{self.port}"], stderr=self.log,
                                        preexec_fn=lambda: die_with_parent(9))
        return self

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(20)
            self.log.close()
            self.process = None

    def ready(self):
        try:
            return Client(self).get("/_calls").status == 200
        except OSError:
            return False

    def wait(self, seconds=20):
        until = time.monotonic() + seconds
        while not self.ready():
            assert time.monotonic() < until, "the stand-in does not answer"
            time.sleep(0.02)
        return self

    def play(self, *rules):
        answer = Client(self).request("PUT", "/_script", body=json.dumps({"rules": rules}).encode(), headers={"Content-Type": "application/json"})
        assert answer.status == 204, answer

    def calls(self):
        return Client(self).get("/_calls").json()["calls"]
