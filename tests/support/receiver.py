"""A server that webhooks are sent to: keeps what came and answers as a test says.

    with Receiver() as receiver:
        receiver.answers = [500, (429, {"Retry-After": "1"}, b""), 200]     # the last one stays
        receiver.wait(3)
"""

import http.server
import threading
import time


class Request:
    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body
        self.at = time.monotonic()

    @property
    def id(self):
        return self.headers.get("webhook-id")


class Receiver:
    def __init__(self, port=0):
        self.requests, self.answers, self.delay = [], [200], 0
        self.connections = 0
        self.at_once = self.at_once_max = 0
        self.lock = threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self):
                super().setup()
                with receiver.lock:
                    receiver.connections += 1

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with receiver.lock:
                    receiver.requests.append(Request(self.command, self.path, dict(self.headers.items()), body))
                    answer = receiver.answers.pop(0) if len(receiver.answers) > 1 else receiver.answers[0]
                    receiver.at_once += 1
                    receiver.at_once_max = max(receiver.at_once_max, receiver.at_once)
                if receiver.delay:
                    time.sleep(receiver.delay)
                with receiver.lock:
                    receiver.at_once -= 1
                status, headers, content = answer if isinstance(answer, tuple) else (answer, {}, b"")
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)
                except OSError:
                    self.close_connection = True  # the sender has gone

            do_POST = do_GET = do_PUT = handle_any

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def url(self, path="/hook", host="127.0.0.1"):
        return f"http://{host}:{self.port}{path}"

    def seen(self, path=None):
        with self.lock:
            return [r for r in self.requests if path is None or r.path == path]

    def wait(self, count=1, path=None, timeout=60):
        """The requests once there are so many."""
        deadline = time.monotonic() + timeout
        while len(found := self.seen(path)) < count:
            assert time.monotonic() < deadline, f"{len(found)} of {count} requests within {timeout} s"
            time.sleep(0.01)
        return found

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
