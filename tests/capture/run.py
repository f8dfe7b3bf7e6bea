#!/usr/bin/env python3
"""Captures of good and of hostile pages by the real binary and a real browser: `tests/capture/run.py [--captures N] [part of a test's name]`.

Every hostile page is followed by a good one in the same browser or the next. Without a browser, or where browsers cannot be
isolated, it says so and ends well.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(HERE))

from capture.site import Site  # noqa: E402
from support.server import BINARY  # noqa: E402

ARTEFACTS = ["html", "text", "screenshot", "mhtml", "pdf"]
SHORT = {"MILLRACE_CAPTURE_NAVIGATION_TIMEOUT": "4s", "MILLRACE_CAPTURE_QUIET_TIMEOUT": "2s", "MILLRACE_CAPTURE_ARTEFACT_TIMEOUT": "5s",
         "MILLRACE_CAPTURE_TIMEOUT": "20s", "MILLRACE_CAPTURE_BYTES_MAX": "32MiB", "MILLRACE_CAPTURE_MEMORY_MAX": "1GiB"}
captures = 20

# Pages that ask for what they may not have: the page itself is captured, what it asked for is listed.
BLOCKED = ["image", "image6", "image-name", "image-number", "image-mapped", "image-tls", "frame", "frame-of-frame", "fetch", "socket", "socket-tls", "beacon",
           "events", "style", "video", "worker", "service-worker", "redirected-image", "prefetch"]
# Pages that are captured, and tried something that the browser has no way to do.
HARMLESS = ["ice", "file-frame", "file", "popups", "print", "unload", "crash"]
# Pages that are not captured.
REFUSED = {"to-private": "address_refused", "to-private6": "address_refused", "to-private-tls": "address_refused", "refresh": "address_refused",
           "goes": "address_refused", "form": "address_refused", "to-file": "unreachable", "round": "unreachable",
           "silent": "capture_timeout", "endless": "capture_timeout", "loop": "capture_timeout", "later-loop": "capture_timeout",
           "flood": "capture_limits", "memory": "capture_limits|capture_crashed", "bomb": "capture_limits|capture_timeout|capture_crashed", "alerts": "capture_limits|capture_timeout",
           "download": "capture_download", "starts-download": "capture_download", "pdf": "capture_download", "text": "capture_download", "gone": "capture_status", "gone-empty": "capture_status", "broken": "unreachable", "broken-empty": "unreachable"}
# Pages that are captured as they are in the end.
RESTLESS = ["endless-image", "restless", "grows"]


def environment(**more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MILLRACE_")}
    return {**kept, "MILLRACE_IMPORT_ALLOW_PRIVATE": "127.0.0.1", **SHORT, **more}


def run(urls, directory, *options, **more):
    done = subprocess.run([BINARY, "capture", "--json", "-o", directory, "--list", "-", *options], input="\n".join(urls), capture_output=True, text=True,
                          env=environment(**more), timeout=900)
    return done, [json.loads(line) for line in done.stdout.splitlines()]


def processes():
    """Browsers of this machine's process list that stem from the binary under test."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
            if os.readlink(f"/proc/{pid}/exe") == os.path.realpath(BINARY) and words[1:2] == [b"browser"] or b"--remote-debugging-pipe" in words and b"--block-new-web-contents" in words:
                found.append(int(pid))
        except OSError:
            pass
    return found


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Site()
        cls.before = set(processes())

    @classmethod
    def tearDownClass(cls):
        cls.site.close()

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def capture(self, *paths, options=(), **more):
        done, lines = run([self.site.url + path for path in paths], self.directory.name, *options, **more)
        self.assertEqual(len(lines), len(paths), done.stderr)
        return lines

    def one(self, path, *options, **more):
        return self.capture(path, "/good", options=options, **more)[0]

    def file(self, extension, number=1):
        name = "127.0.0.1" if number == 1 else f"127.0.0.1-{number}"
        with open(os.path.join(self.directory.name, f"{name}.{extension}"), "rb") as file:
            return file.read()

    def assert_good(self, line):
        self.assertEqual(line.get("status"), 200, line)
        self.assertEqual([a["artefact"] for a in line["artefacts"] if not a["error_code"]], ARTEFACTS, line)

    def assert_contained(self):
        self.assertEqual(self.site.hits(), 0, "the trap was reached")


class Good(Case):
    def test_a_page_becomes_html_text_screenshot_archive_and_pdf(self):
        report = self.one("/good")

        self.assert_good(report)
        self.assertEqual((report["title"], report["language"], report["description"]), ("A page", "en", "What a good page says"))
        self.assertIn(b"<h1>Good</h1>", self.file("html"))
        self.assertIn(b"Good", self.file("txt"))
        self.assertTrue(self.file("png").startswith(b"\x89PNG"))
        self.assertIn(b"multipart/related", self.file("mhtml"))
        self.assertTrue(self.file("pdf").startswith(b"%PDF"))
        self.assertEqual(json.loads(self.file("json"))["final_url"], self.site.url + "/good")

    def test_what_scripts_add_late_is_captured(self):
        self.assert_good(self.one("/late"))
        self.assertIn(b"came late", self.file("txt"))

    def test_images_that_load_when_they_are_seen_are_loaded(self):
        self.assert_good(self.one("/lazy"))
        self.assertIn(b"seen", self.file("txt"))

    def test_redirects_are_followed_and_told(self):
        report = self.one("/moved")

        self.assert_good(report)
        self.assertEqual(report["redirects"], [self.site.url + "/moved"])
        self.assertEqual(report["final_url"], self.site.url + "/good")

    def test_a_page_cannot_change_what_is_read_of_it(self):
        self.assert_good(self.one("/cheats"))
        self.assertNotEqual(self.file("html"), b"cheated")

    def test_only_some_artefacts_can_be_asked_for(self):
        report = self.one("/good", "--artefacts", "text,screenshot")

        self.assertEqual([a["artefact"] for a in report["artefacts"]], ["text", "screenshot"])

    def test_a_high_page_is_cut_and_says_so(self):
        report = self.one("/high")

        self.assert_good(report)
        self.assertTrue(report["is_cut"])
        self.assertGreaterEqual(report["height"], 100_000)
        self.assertEqual(int.from_bytes(self.file("png")[20:24], "big"), 16384)

    def test_an_artefact_that_is_too_large_fails_by_itself(self):
        report = self.one("/high", MILLRACE_CAPTURE_ARTEFACT_BYTES_MAX="64KiB")

        codes = {a["artefact"]: a["error_code"] for a in report["artefacts"]}
        self.assertEqual(codes["screenshot"], "capture_limits", report)
        self.assertEqual((codes["html"], codes["text"], codes["mhtml"]), ("", "", ""))

    def test_the_address_itself_is_judged(self):
        for url, code in [(f"http://127.0.0.2:{self.site.trap.port}/", "address_refused"), ("file:///etc/passwd", "address_refused"),
                          ("http://10.0.0.1/", "address_refused"), ("chrome://version", "address_refused")]:
            with self.subTest(url):
                _, lines = run([url, self.site.url + "/good"], self.directory.name)
                self.assertEqual(lines[0].get("error_code"), code)
        self.assert_contained()

    def test_without_a_browser_it_says_what_to_install(self):
        done, _ = run([self.site.url + "/good"], self.directory.name, MILLRACE_CAPTURE_BROWSER="/nowhere/browser")
        self.assertEqual(done.returncode, 1)
        self.assertIn("chromium-headless-shell", done.stderr)


class Hostile(Case):
    """All pages of a table go through one process, each followed by a good one."""

    def each(self, paths, check, **more):
        asked = [path for name in paths for path in ("/" + name, "/good")]
        lines = self.capture(*asked, **more)
        for name, line, next_line in zip(paths, lines[::2], lines[1::2]):
            with self.subTest(name):
                self.assert_good(next_line)
                check(name, line)
        self.assert_contained()

    def test_private_addresses_are_not_reached_by_any_path_and_are_told(self):
        def check(_, line):
            self.assert_good(line)
            self.assertEqual({blocked["error_code"] for blocked in line["blocked"]}, {"address_refused"})

        self.each([name for name in BLOCKED if name != "image-name" or self.site.private_name], check)

    def test_what_a_browser_does_not_do_harms_nobody(self):
        def check(_, line):
            self.assert_good(line)
            self.assertEqual((line["title"], line["blocked"]), ("A page", []))

        self.each(HARMLESS, check)

    def test_what_cannot_be_captured_says_why(self):
        def check(name, line):
            self.assertRegex(line.get("error_code", "none"), f"^({REFUSED[name]})$", line)
            self.assertRegex(line["error_message"], r"(https?|file):")

        self.each(REFUSED, check)

    def test_a_page_without_rest_is_captured_as_it_is(self):
        def check(_, line):
            self.assertTrue(line["is_restless"], line)
            self.assertEqual([a["artefact"] for a in line["artefacts"] if not a["error_code"]][:3], ARTEFACTS[:3], line)

        self.each(RESTLESS, check)

    def test_a_page_that_goes_from_address_to_address_is_contained(self):
        self.each(["moves-on"], lambda _, line: self.assertTrue(line.get("artefacts") or line.get("error_code"), line))

    def test_dialogs_are_dismissed(self):
        self.each(["alert"], lambda _, line: self.assertEqual(line.get("dialogs"), 3, line))

    def test_nothing_is_left_running(self):
        self.capture("/loop", "/good")
        self.assertEqual(set(processes()) - self.before, set())


class Isolated(Case):
    def test_renderers_are_confined_and_nobody(self):
        # What a page could do if it took over its process: no network device but loopback, no user of this machine.
        child = subprocess.Popen([BINARY, "capture", "-o", self.directory.name, self.site.url + "/silent"], env=environment(), stderr=subprocess.DEVNULL)
        try:
            browser = []
            while not browser and child.poll() is None:
                browser = [pid for pid in processes() if pid not in self.before and b"chromium" in open(f"/proc/{pid}/cmdline", "rb").read().split(b"\0")[0]]
            pid = browser[0]
            own = os.readlink("/proc/self/ns/net")
            self.assertNotEqual(os.readlink(f"/proc/{pid}/ns/net"), own)
            with open(f"/proc/{pid}/net/dev") as file:
                self.assertEqual(re.findall(r"^\s*(\w+):", file.read(), re.M), ["lo"])
            status = open(f"/proc/{pid}/status").read()
            self.assertNotRegex(status, r"Uid:\s+0\s")
            self.assertRegex(status, r"CapEff:\s+0+\n")
            self.assertNotIn("home", os.listdir(f"/proc/{pid}/root"))
        finally:
            child.kill()
            child.wait()
        while set(processes()) - self.before and os.path.exists(f"/proc/{pid}"):
            pass
        self.assertEqual(set(processes()) - self.before, set())


class Many(Case):
    def test_many_captures_leave_nothing_behind(self):
        done, lines = run([self.site.url + "/good"] * captures, self.directory.name)

        self.assertEqual(done.returncode, 0, done.stderr)
        for line in lines:
            self.assert_good(line)
        self.assertEqual(set(processes()) - self.before, set())


def missing():
    with tempfile.TemporaryDirectory() as directory:
        site = Site()
        done, _ = run([site.url + "/good"], directory)
        site.close()
    return done.stderr.strip() if "capture.browser" in done.stderr or "capture.allow_unsandboxed" in done.stderr else None


def main():
    global captures
    arguments = sys.argv[1:]
    if arguments[:1] == ["--captures"]:
        captures = int(arguments[1])
        arguments = arguments[2:]
    why = missing()
    if why:
        print(f"skipped: {why}")
        return 0
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{pattern}*" for pattern in arguments] or None
    result = unittest.TextTestRunner(verbosity=1).run(loader.loadTestsFromModule(sys.modules[__name__]))
    failed = len(result.failures) + len(result.errors)
    print(f"capture: {result.testsRun - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
