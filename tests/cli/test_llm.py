"""`millrace map --llm` and `millrace llm-standin`."""

import json

from cli_case import CliCase
from support.standin import Standin

SOURCE = "F1,F2,menge\n12.50,11.30,3\n8.00,7.25,1\n"
TARGET = json.dumps({"fields": [{"name": n} for n in ("amount", "quantity", "price")]})
CHOICE = {"choose": {"F1": "price", "F2": "amount"}, "confidence": 1}


class Map(CliCase):
    def setUp(self):
        super().setUp()
        self.file("source.csv", SOURCE)
        self.file("target.json", TARGET)

    def standin(self):
        standin = Standin().start()
        self.addCleanup(standin.stop)
        return standin

    def map(self, *arguments):
        done = self.expect(0, "map", "source.csv", "target.json", "--json", *arguments)
        return {e["source"]: (e["target"], e["provenance"]) for e in json.loads(done.out)["mapping"]}, done.err

    def test_a_language_model_decides_what_is_uncertain(self):
        standin = self.standin()
        standin.wait()
        standin.play({"reply": CHOICE})
        applied, said = self.map("--llm", "--llm-provider=ollama", f"--llm-url={standin.url}", "--llm-model=small")
        self.assertEqual((applied["F1"], applied["F2"], said), (("price", "llm"), ("amount", "llm"), ""))
        self.assertEqual(len(standin.calls()), 1)

    def test_one_that_is_not_there_changes_nothing_and_is_told(self):
        without, _ = self.map()
        url = "http://127.0.0.1:9"
        with_, said = self.map("--llm", "--llm-provider=openai", f"--llm-url={url}", "--llm-model=small", "--llm-attempts=1")
        self.assertEqual(with_, without)
        self.assertIn("the language model was not used, because it cannot be reached", said)

    def test_without_a_model_it_is_a_wrong_use(self):
        self.assertIn("llm.provider", self.expect(2, "map", "source.csv", "target.json", "--llm").err)


class StandIn(CliCase):
    def test_it_is_for_this_machine_only_and_knows_its_faults(self):
        self.expect(2, "llm-standin", "--listen", "0.0.0.0:0")
        self.file("script.json", '{"rules": [{"fault": "tea"}]}')
        self.assertIn("there is no such fault", self.expect(2, "llm-standin", "--script", "script.json").err)
