"""Traces: requests and jobs go to a collector as OTLP; one that is away harms nothing."""

import json

from support.case import ApiCase
from support.receiver import Receiver

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Traces(ApiCase):
    own_server = True

    def setUp(self):
        super().setUp()
        self.collector = Receiver()
        self.addCleanup(self.collector.close)
        self.server = self.start({"MILLRACE_TRACING_ENDPOINT": self.collector.url(""), "MILLRACE_TRACING_INTERVAL": "100ms",
                                  "MILLRACE_TRACING_AUTHORIZATION": "Bearer of-the-collector"})
        self.me = self.server.client()

    def spans(self):
        found = []
        for request in self.collector.seen("/v1/traces"):
            for resource in json.loads(request.body)["resourceSpans"]:
                for scope in resource["scopeSpans"]:
                    found += scope["spans"]
        return found

    def named(self, name, **wanted):
        return self.eventually(lambda: next((s for s in self.spans() if s["name"] == name and wanted.items() <= s.items()), None), what=name)

    def test_a_request_is_a_span_in_the_trace_of_its_caller(self):
        self.me.get("/api/v2/jobs", headers={"traceparent": CALLER})
        span = self.named("GET /api/v2/jobs")
        self.assertEqual((span["traceId"], span["parentSpanId"], span["kind"]), (CALLER[3:35], CALLER[36:52], 2))
        values = {a["key"]: a["value"] for a in span["attributes"]}
        self.assertEqual(values["http.response.status_code"], {"intValue": "200"})
        self.assertEqual(values["http.route"], {"stringValue": "/api/v2/jobs"})
        self.assertLessEqual(int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"]))
        request = self.collector.wait(path="/v1/traces")[0]
        self.assertEqual((request.headers["Content-Type"], request.headers["Authorization"]), ("application/json", "Bearer of-the-collector"))
        self.assertNotIn("of-the-collector", self.server.log())

    def test_a_caller_who_names_no_trace_well_gets_one_of_its_own(self):
        for bad in ("", "nonsense", CALLER.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32)):
            self.me.get("/api/v2/queues", headers={"traceparent": bad})
        self.eventually(lambda: sum(s["name"] == "GET /api/v2/queues" for s in self.spans()) == 3, what="three spans")
        for span in self.spans():
            self.assertNotEqual(int(span["traceId"], 16), 0)
            self.assertNotEqual(int(span["spanId"], 16), 0)

    def test_the_trace_of_a_job_is_its_id(self):
        self.completed_import()
        job = self.me.get("/api/v2/jobs").json()["items"][0]["id"]
        trace = job.replace("-", "")
        whole = self.named("job import", traceId=trace)
        self.assertEqual(whole["parentSpanId"], "")
        attempt = self.named("attempt import", traceId=trace)
        self.assertEqual(attempt["parentSpanId"], whole["spanId"])
        stages = [s for s in self.spans() if s["name"].startswith("stage ") and s["traceId"] == trace]
        self.assertGreater(len(stages), 2)
        self.assertEqual({s["parentSpanId"] for s in stages}, {attempt["spanId"]})
        self.assertLessEqual(int(whole["startTimeUnixNano"]), int(attempt["startTimeUnixNano"]))

    def test_a_failed_job_is_a_failed_span(self):
        job = self.failed_import()
        span = self.named("attempt import", traceId=job.replace("-", ""))
        self.assertEqual((span["status"]["code"], span["status"]["message"]), (2, self.me.job(job)["error_code"]))

    def test_a_collector_that_refuses_harms_nothing_and_is_said_once(self):
        self.collector.answers = [503]
        for count in (1, 2, 3):
            self.completed_import()
            self.collector.wait(count)
        self.eventually(lambda: "the collector of traces took no spans" in self.server.log(), what="the warning")
        self.assertEqual(self.server.log().count("the collector of traces took no spans"), 1)
        lost = self.eventually(lambda: [l for l in self.me.get("/metrics").body.decode().splitlines() if l.startswith("millrace_spans_lost_total ")], what="count")
        self.assertGreater(float(lost[0].split()[1]), 0)


class Untraced(ApiCase):
    def test_without_an_endpoint_nothing_is_kept(self):
        text = self.server.client(role="admin").get("/metrics").body.decode()
        self.assertIn("millrace_spans_dropped_count 0\n", text)
