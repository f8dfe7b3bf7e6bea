"""Pages that mean no good, on loopback, and the trap that none of them may reach.

The pages stand on 127.0.0.1, which captures are allowed to go to; the trap listens on 127.0.0.2 and ::1, which they are not.
Whoever connects to the trap is counted, whether it says something or not.
"""

import gzip
import http.server
import socket
import threading
import time
import zlib

PNG = (b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
       + (lambda data: len(data).to_bytes(4, "big") + b"IDAT" + data + zlib.crc32(b"IDAT" + data).to_bytes(4, "big"))(zlib.compress(b"\x00\x00\x00\x00\x00"))
       + b"\x00\x00\x00\x00IEND\xaeB`\x82")


class Trap:
    """Counts connections to an address that nobody may connect to."""

    def __init__(self, family, address):
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.bind((address, 0))
        self.socket.listen(64)
        self.port = self.socket.getsockname()[1]
        self.hits = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            peer, _ = self.socket.accept()
            self.hits += 1
            peer.close()


def leads_elsewhere(name):
    """Is it a name of this machine by another address than 127.0.0.1?"""
    try:
        return any(found[4][0] != "127.0.0.1" for found in socket.getaddrinfo(name, 80, type=socket.SOCK_STREAM))
    except OSError:
        return False


def page(body, head=""):
    return f"<!doctype html><html lang=en><head><title>A page</title>{head}</head><body><p>words</p>{body}</body></html>".encode()


def script(text):
    return page(f"<script>{text}</script>")


class Site:
    """`pages`: path -> bytes of HTML, or a function that answers the request by itself."""

    def __init__(self):
        self.trap = Trap(socket.AF_INET, "127.0.0.2")
        self.trap6 = Trap(socket.AF_INET6, "::1")
        self.private_name = next(filter(leads_elsewhere, [socket.gethostname(), "ip6-localhost", "ip6-loopback"]), "")
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                try:
                    answer = site.pages.get(self.path.split("?")[0])
                    if callable(answer):
                        answer(self)
                    elif answer is None:
                        self.give(b"nothing", 404, "text/plain")
                    else:
                        self.give(answer)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            do_POST = do_GET

            def give(self, body, status=200, media_type="text/html; charset=utf-8", **headers):
                self.send_response(status)
                self.send_header("Content-Type", media_type)
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.stopping = threading.Event()
        self.pages = self._pages()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def hits(self):
        return self.trap.hits + self.trap6.hits

    def close(self):
        self.stopping.set()
        self.server.shutdown()

    def _redirect(self, to):
        return lambda request: request.give(b"", 302, Location=to)

    def _trickle(self, head, block, pause=0.05):
        def answer(request):
            request.close_connection = True
            request.wfile.write(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")
            while block and not self.stopping.wait(pause):
                request.wfile.write(block)
            self.stopping.wait(60)
        return answer

    def _flood(self, total):
        def answer(request):
            request.close_connection = True
            request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n")
            for _ in range(total >> 16):
                request.wfile.write(b"x" * 65536)
        return answer

    def _pages(self):
        trap = f"127.0.0.2:{self.trap.port}"
        trap6 = f"[::1]:{self.trap6.port}"
        name = f"{self.private_name}:{self.trap.port}"
        bomb = gzip.compress(b"<p>" + b"a" * (400 << 20), 1)
        return {
            "/good": page("<h1>Good</h1><img src=/pixel.png>", '<meta name=description content="What a good page says">'),
            "/pixel.png": lambda request: request.give(PNG, media_type="image/png"),
            "/late": script("setTimeout(() => fetch('/words').then(r => r.text()).then(t => document.body.append(t)), 300)"),
            "/words": lambda request: request.give(b"came late", media_type="text/plain"),
            "/lazy": page("<div style='height:5000px'>high</div><img loading=lazy src=/pixel.png?lazy onload=\"document.body.append('seen')\">"),
            "/moved": self._redirect("/good"),
            # Private addresses, by every path.
            "/to-private": self._redirect(f"http://{trap}/"),
            "/to-private6": self._redirect(f"http://{trap6}/"),
            "/to-private-tls": self._redirect(f"https://{trap}/"),
            "/refresh": page("", f'<meta http-equiv=refresh content="0;url=http://{trap}/">'),
            "/goes": script(f"location = 'http://{trap}/'"),
            "/image": page(f"<img src=http://{trap}/x.png>"),
            "/image6": page(f"<img src=http://{trap6}/x.png>"),
            "/image-name": page(f"<img src=http://{name}/x.png>"),
            "/image-number": page(f"<img src=http://2130706434:{self.trap.port}/x.png><img src=http://0x7f.2:{self.trap.port}/x.png>"),
            "/image-mapped": page(f"<img src=http://[::ffff:127.0.0.2]:{self.trap.port}/x.png>"),
            "/image-tls": page(f"<img src=https://{trap}/x.png>"),
            "/frame": page(f"<iframe src=http://{trap}/></iframe>"),
            "/frame-of-frame": page(f"<iframe srcdoc='<iframe src=http://{trap}/></iframe>'></iframe>"),
            "/fetch": script(f"fetch('http://{trap}/', {{mode: 'no-cors'}}).catch(() => 0)"),
            "/socket": script(f"new WebSocket('ws://{trap}/')"),
            "/socket-tls": script(f"new WebSocket('wss://{trap6}/')"),
            "/beacon": script(f"navigator.sendBeacon('http://{trap}/', 'x')"),
            "/events": script(f"new EventSource('http://{trap}/')"),
            "/style": page("", f"<link rel=stylesheet href=http://{trap}/x.css>"),
            "/prefetch": page("", f"<link rel=preconnect href=http://{trap}/><link rel=prefetch href=http://{trap}/><link rel=dns-prefetch href=http://{trap}/>"),
            "/video": page(f"<video src=http://{trap}/x.mp4 autoplay></video>"),
            "/form": page(f"<form action=http://{trap}/ method=post></form><script>document.forms[0].submit()</script>"),
            "/worker": script(f"new Worker(URL.createObjectURL(new Blob([\"fetch('http://{trap}/', {{mode: 'no-cors'}}).catch(() => 0)\"])))"),
            "/service-worker": script("navigator.serviceWorker.register('/worker.js').then(() => navigator.serviceWorker.ready)"),
            "/worker.js": lambda request: request.give(f"fetch('http://{trap}/', {{mode: 'no-cors'}}).catch(() => 0)".encode(), media_type="text/javascript"),
            "/ice": script(f"const c = new RTCPeerConnection({{iceServers: [{{urls: 'stun:{trap}'}}, {{urls: 'turn:{trap}?transport=tcp', username: 'u', credential: 'c'}}]}});"
                           "c.createDataChannel('x'); c.createOffer().then(o => c.setLocalDescription(o))"),
            "/redirected-image": page("<img src=/to-private>"),
            # Files of the machine.
            "/file": script("location = 'file:///etc/passwd'"),
            "/to-file": self._redirect("file:///etc/passwd"),
            "/file-frame": page("<iframe src=file:///etc/passwd></iframe>"),
            # Without an end.
            "/silent": lambda request: self.stopping.wait(60),
            "/endless": self._trickle(b"Content-Type: text/html\r\n", b"<p>more</p>"),
            "/endless-image": page("<img src=/trickle.png>"),
            "/trickle.png": self._trickle(b"Content-Type: image/png\r\n", b"\x89PNG"),
            "/loop": script("for (;;);"),
            "/later-loop": script("setTimeout(() => { for (;;); }, 50)"),
            "/round": self._redirect("/round"),
            "/moves-on": script("setTimeout(() => location = '/moves-on?' + Math.random(), 20)"),
            "/restless": script("setInterval(() => fetch('/words?' + Math.random()), 100)"),
            "/grows": script("setInterval(() => { for (let i = 0; i < 200; ++i) document.body.append(document.createElement('p'), 'x') }, 50)"),
            # Too much.
            "/flood": script("fetch('/flood.bin').then(r => r.arrayBuffer())"),
            "/flood.bin": self._flood(96 << 20),
            "/high": page("<div style='height:100000px;background:linear-gradient(red,blue)'>high</div>"),
            "/bomb": lambda request: request.give(bomb, Content_Encoding="gzip"),
            "/memory": script("const kept = []; for (;;) { const a = new Uint8Array(1 << 26); a.fill(1); kept.push(a); }"),
            # Tricks.
            "/alert": script("alert('one'); confirm('two'); prompt('three')"),
            "/alerts": script("for (;;) alert('again')"),
            "/unload": script("onbeforeunload = e => { e.preventDefault(); return 'stay'; }; location = '/good'"),
            "/popups": script("for (let i = 0; i < 200; ++i) window.open('/good?' + i)"),
            "/print": script("for (let i = 0; i < 20; ++i) window.print()"),
            "/crash": script("location = 'chrome://crash'"),
            "/cheats": script("window.setTimeout = window.scrollTo = () => { for (;;); }; Object.defineProperty(Element.prototype, 'outerHTML', {get() { return 'cheated' }})"),
            # Files.
            "/download": lambda request: request.give(b"a,b\n1,2\n", media_type="text/csv", Content_Disposition='attachment; filename="t.csv"'),
            "/pdf": lambda request: request.give(b"%PDF-1.4\n", media_type="application/pdf"),
            "/text": lambda request: request.give(b"only words", media_type="text/plain"),
            "/starts-download": script("location = '/download'"),
            "/gone": lambda request: request.give(page("gone"), 404),
            "/gone-empty": lambda request: request.give(b"", 404),
            "/broken-empty": lambda request: request.give(b"", 503),
            "/broken": lambda request: request.give(page("broken"), 503),
        }
