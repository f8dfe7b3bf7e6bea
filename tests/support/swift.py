"""A throw-away S3 for tests: OpenStack Swift with its s3api, which checks signatures and hashes of payloads. One replica, one
directory, loopback only, gone at the end.

    with Swift() as s3:
        Server(env=s3.settings("a-bucket"))      # the bucket is made here

As a program it prints its address and ends with its input, for tests in other languages:

    python3 tests/support/swift.py BUCKET...     # "http://127.0.0.1:PORT", or "skipped: WHY"
"""

import datetime
import hashlib
import hmac
import http.client
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support.pg import die_with_parent, free_port  # noqa: E402

ACCESS_KEY, SECRET_KEY, REGION = "test:tester", "testing-secret", "us-east-1"
SERVERS = ("account", "container", "object")
PROXY = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {root}
user = {user}
workers = 0
log_address = {root}/no-syslog
{tls}
[pipeline:main]
pipeline = catch_errors cache listing_formats bulk s3api tempauth copy slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{memcached}
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
storage_domain = localhost
min_segment_size = {part_bytes_min}
allow_multipart_uploads = true
check_bucket_owner = false
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing-secret .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
"""
BACKEND = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {root}
devices = {root}/devices
mount_check = false
user = {user}
workers = 0
log_address = {root}/no-syslog
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""


def missing():
    """Why it cannot run here; None when it can."""
    programs = ["swift-ring-builder", "swift-proxy-server", "memcached"] + [f"swift-{kind}-server" for kind in SERVERS]
    absent = [program for program in programs if shutil.which(program) is None]
    if absent:
        return "OpenStack Swift is not installed: no " + ", ".join(absent)
    with tempfile.NamedTemporaryFile() as probe:
        try:
            os.setxattr(probe.name, "user.millrace", b"1")
        except OSError:
            return f"the file system of {tempfile.gettempdir()} keeps no extended attributes"
    return None


class Swift:
    """One S3 on a loopback port. `part_bytes_min`: below it a part that is not the last is refused. `tls`: a certificate and its
    key in one file."""

    def __init__(self, part_bytes_min=5 << 20, tls=None):
        why = missing()
        if why:
            raise RuntimeError(why)
        self.part_bytes_min, self.tls = part_bytes_min, tls
        self.processes = {}

    def __enter__(self):
        self.root = tempfile.mkdtemp(prefix="millrace-swift-")
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        self.ports = {name: free_port() for name in ("proxy", "memcached", *SERVERS)}
        os.makedirs(os.path.join(self.root, "devices", "d1"))
        self._write("swift.conf", "[swift-hash]\nswift_hash_path_suffix = millrace\n")
        for kind in SERVERS:
            self._write(f"{kind}.conf", BACKEND.format(kind=kind, root=self.root, port=self.ports[kind], user=self.user))
            self._ring(kind)
        tls = f"cert_file = {self.tls}\nkey_file = {self.tls}" if self.tls else ""
        self._write("proxy.conf", PROXY.format(root=self.root, port=self.ports["proxy"], memcached=self.ports["memcached"], tls=tls,
                                               part_bytes_min=self.part_bytes_min, user=self.user))
        self._spawn("memcached", "memcached", "-l", "127.0.0.1", "-p", str(self.ports["memcached"]), "-m", "16", "-u", self.user)
        for kind in SERVERS:
            self._spawn(kind, f"swift-{kind}-server", f"{kind}.conf")
        self.start()
        return self

    def __exit__(self, *_):
        for process in self.processes.values():
            process.kill()
            process.wait()
        shutil.rmtree(self.root, ignore_errors=True)

    def start(self):
        """Answers (again); the port stays the same."""
        self._spawn("proxy", "swift-proxy-server", "proxy.conf")
        deadline = time.monotonic() + 90
        for name, port in self.ports.items():
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    if self.processes[name].poll() is not None or time.monotonic() > deadline:
                        raise RuntimeError(f"Swift did not start: {self.log()[-3000:]}") from None
                    time.sleep(0.05)

    def stop(self):
        """Nobody answers at the port."""
        self.processes["proxy"].kill()
        self.processes["proxy"].wait()

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.ports['proxy']}"

    def settings(self, bucket):
        """The environment of a server that keeps its objects in this bucket, which is made."""
        self.create_bucket(bucket)
        return {"MILLRACE_BLOBS_STORE": "s3", "MILLRACE_BLOBS_S3_ENDPOINT": self.url, "MILLRACE_BLOBS_S3_BUCKET": bucket,
                "MILLRACE_BLOBS_S3_PATH_STYLE": "true", "MILLRACE_BLOBS_S3_ACCESS_KEY": ACCESS_KEY,
                "MILLRACE_BLOBS_S3_SECRET_KEY": SECRET_KEY}

    def create_bucket(self, bucket):
        status, text = self.request("PUT", "/" + bucket)
        if status not in (200, 409):
            raise RuntimeError(f"creating a bucket: {status} {text}")

    def keys(self, bucket):
        """Names of all objects."""
        status, text = self.request("GET", "/" + bucket)
        assert status == 200, (status, text)
        return [part.split("</Key>")[0] for part in text.split("<Key>")[1:]]

    def request(self, method, path, body=b""):
        """One signed request, written from the specification alone; (status, text)."""
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(body).hexdigest()
        host = f"127.0.0.1:{self.ports['proxy']}"
        signed = {"host": host, "x-amz-content-sha256": digest, "x-amz-date": now}
        path, _, query = path.partition("?")
        canonical = "\n".join([method, path, query, "".join(f"{k}:{v}\n" for k, v in signed.items()), ";".join(signed), digest])
        scope = f"{now[:8]}/{REGION}/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = b"AWS4" + SECRET_KEY.encode()
        for word in (now[:8], REGION, "s3", "aws4_request", text):
            key = hmac.new(key, word.encode(), hashlib.sha256).digest()
        signed["authorization"] = (f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{scope},SignedHeaders=host;x-amz-content-sha256;x-amz-date,"
                                   f"Signature={key.hex()}")
        if self.tls:
            import ssl
            connection = http.client.HTTPSConnection(host, timeout=30, context=ssl._create_unverified_context())
        else:
            connection = http.client.HTTPConnection(host, timeout=30)
        try:
            connection.request(method, path + ("?" + query if query else ""), body, signed)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        finally:
            connection.close()

    def log(self):
        text = ""
        for name in self.processes:
            with open(os.path.join(self.root, name + ".log"), errors="replace") as f:
                text += f.read()
        return text

    def _write(self, name, text):
        with open(os.path.join(self.root, name), "w") as f:
            f.write(text)

    def _ring(self, kind):
        builder = os.path.join(self.root, kind + ".builder")
        device = f"r1z1-127.0.0.1:{self.ports[kind]}/d1"
        for command in (["create", "4", "1", "0"], ["add", device, "1"], ["rebalance"]):
            done = subprocess.run(["swift-ring-builder", builder, *command], capture_output=True, text=True, cwd=self.root)
            if done.returncode > 1:  # 1 is a warning
                raise RuntimeError("swift-ring-builder: " + done.stdout + done.stderr)

    def _spawn(self, name, *command):
        with open(os.path.join(self.root, name + ".log"), "ab") as log:
            self.processes[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.root,
                                                    preexec_fn=lambda: die_with_parent(signal.SIGKILL))


def main():
    why = missing()
    if why:
        print("skipped:", why, flush=True)
        return
    with Swift() as s3:
        for bucket in sys.argv[1:]:
            s3.create_bucket(bucket)
        print(s3.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
