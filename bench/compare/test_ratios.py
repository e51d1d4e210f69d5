"""Ratio and table arithmetic, and the parsing of what programs print; needs nothing beyond the standard library."""

import json
import sys
import tempfile
import time
import unittest
from pathlib import Path

from compare import arguments, checkpoint_facts
from contenders import limits, llama_bench
from process import OtherWork, RunFailed, run
from ratios import Spread, best_variants, ratios, spread
from report import markdown
from workspace import Workspace, last_json


def result(samples, **more):
    """The smallest result that the report accepts."""
    base = {"model": "tiny", "threads": 2, "rounds": 2, "cpu": "some cpu", "date": "2026-01-01"}
    lists = {"prefill": [512], "decode": [128], "notes": {}, "remarks": []}
    sizes = {"weight_bytes": {"jmlx": 5 * 10**8}, "checkpoint_bytes": 500, "kv_bytes": 500}
    return {**base, **lists, **sizes, "samples": samples, **more}


class Ratios(unittest.TestCase):
    """The numbers."""

    def test_ratio_is_taken_within_each_round(self):
        self.assertEqual(ratios([10, 30, 80], [10, 10, 20]), Spread(3, 1, 4, 3))

    def test_round_without_a_partner_does_not_count(self):
        self.assertEqual(ratios([10, None, 40], [10, 10, 20]), Spread(1.5, 1, 2, 2))
        self.assertIsNone(ratios([None], [1]))

    def test_spread_of_nothing_is_none(self):
        self.assertIsNone(spread([None, None]))

    def test_variant_with_the_highest_median_is_chosen_for_each_metric(self):
        best = best_variants({"a|off": [1, 9, 1], "a|on": [2, 2, 2], "b|off": [5], "b|on": [4], "c": [7]})
        self.assertEqual(best, {"a": ("on", [2, 2, 2]), "b": ("off", [5]), "c": ("", [7])})


class Report(unittest.TestCase):
    """The markdown."""

    def test_table_shows_speeds_ratios_and_share_of_the_bandwidth(self):
        samples = {
            "machine": {"read_gbps": [10.0, 20.0]},
            "jmlx": {"prefill_512": [300.0, 500.0], "decode_128": [10.0, 10.0]},
            "peer": {"prefill_512|fa=on": [200.0, 250.0], "prefill_512|fa=off": [100.0, 100.0]},
            "single": {"threads_used": [1.04]},
        }
        text = markdown(result(samples))
        self.assertIn("| jmlx | 400 | 10.0 |", text)
        self.assertIn("| peer | 225 (fa=on) | - |", text)
        self.assertIn("| peer | 1.75 (1.50..2.00) | - |", text)
        self.assertIn("single: 1.0 threads used", text)
        self.assertIn("of the read bandwidth 38 % at context 128", text)

    def test_sequences_cold_start_and_memory_are_ratios(self):
        samples = {
            "jmlx": {
                "sequences_1": [10.0],
                "sequences_4": [25.0],
                "first_2s": [2.0],
                "warm_2s": [8.0],
                "first_token_millis": [2900.0],
                "peak_bytes": [2000.0],
            }
        }
        text = markdown(result(samples))
        self.assertIn("4: 2.50 (2.50..2.50)", text)
        self.assertIn("over a warm one's: 0.25 (0.25..0.25)", text)
        self.assertIn("to its first token: 2.9 s (2.9..2.9)", text)
        self.assertIn("(2.00 times)", text)

    def test_contender_without_samples_and_reason_of_the_missing_are_shown(self):
        text = markdown(result({"peer": {}}, remarks=["jlama: no mvn"]))
        self.assertIn("| peer | - | - |", text)
        self.assertIn("- missing or disturbed: jlama: no mvn", text)


class Programs(unittest.TestCase):
    """What other programs print, and how they are run."""

    def test_llama_bench_rows_become_metrics_with_the_flash_setting(self):
        rows = [
            {"n_prompt": 512, "n_gen": 0, "n_depth": 0, "flash_attn": 0, "avg_ts": 5.0},
            {"n_prompt": 0, "n_gen": 32, "n_depth": 128, "flash_attn": True, "avg_ts": 6.0},
        ]
        self.assertEqual(llama_bench(json.dumps(rows)), {"prefill_512|fa=off": 5.0, "decode_128|fa=on": 6.0})

    def test_jmh_rates_are_read_from_the_counters_that_moved(self):
        def row(gigabytes, gigaflops):
            return {"secondaryMetrics": {"gigabytes": {"score": gigabytes}, "gigaflops": {"score": gigaflops}}}

        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "limits.json"
            file.write_text(json.dumps([row(20.0, 0.0), row(0.0, 300.0)]))
            self.assertEqual(limits(file), {"read_gbps": 20.0, "fma_gflops": 300.0})

    def test_last_line_of_json_is_the_result(self):
        self.assertEqual(last_json('note\n{"a": 1}\n{"a": 2}\nbye\n'), {"a": 2})
        with self.assertRaises(RunFailed):
            last_json("nothing")

    def test_late_process_is_ended_with_its_children(self):
        start = time.monotonic()
        with self.assertRaisesRegex(RunFailed, "over 1 s"):
            run(["sh", "-c", "sleep 60 & sleep 60"], 1)
        self.assertLess(time.monotonic() - start, 20)

    def test_own_children_are_not_other_work(self):
        others = OtherWork()
        busy = "import time; end = time.process_time() + 0.5\nwhile time.process_time() < end: pass"
        run([sys.executable, "-c", busy], 60)
        own = others.own
        self.assertGreater(OtherWork().own - own, 0.4)

    def test_failure_carries_the_last_telling_line(self):
        with (
            tempfile.TemporaryDirectory() as folder,
            self.assertRaisesRegex(RunFailed, "exit 3: Error: no such thing"),
        ):
            code = "import sys; print('Error: no such thing', file=sys.stderr); print('bye', file=sys.stderr); sys.exit(3)"
            run([sys.executable, "-c", code], 60, log=Path(folder) / "log")

    def test_half_made_file_does_not_count_as_made(self):
        with tempfile.TemporaryDirectory() as folder:
            work = Workspace(folder)
            target = work.folder / "thing"
            made = work.make(target, ["cp", __file__, target])
            self.assertTrue(made.exists())
            self.assertFalse(target.with_name("half-thing").exists())

    def test_lists_and_contenders_are_checked(self):
        self.assertEqual(arguments(["--decode", "5,6", "--sequences", ""]).decode, [5, 6])
        self.assertEqual(arguments(["--only", "jmlx,jlama"]).only, ["jmlx", "jlama"])

    def test_weight_bytes_leave_out_an_embedding_that_is_only_looked_up(self):
        config = {"num_hidden_layers": 1, "num_attention_heads": 2, "hidden_size": 8, "tie_word_embeddings": False}
        header = {"model.embed_tokens.weight": [0, 100], "lm_head.weight": [100, 140]}
        text = json.dumps({name: {"data_offsets": offsets} for name, offsets in header.items()}).encode()
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "config.json").write_text(json.dumps(config))
            Path(folder, "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text)
            self.assertEqual(checkpoint_facts(Path(folder), 10), (140, 40, 2 * 2 * 8 * 10))


if __name__ == "__main__":
    unittest.main()
