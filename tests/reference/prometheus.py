"""Reads metrics text from stdin with Prometheus' own client and prints its families as JSON.

Run: curl -s http://127.0.0.1:8100/metrics | python tests/reference/prometheus.py
"""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families

families = {}
for family in text_string_to_metric_families(sys.stdin.read()):
    samples = [[sample.name, sample.labels, sample.value] for sample in family.samples]
    assert len({json.dumps(sample[:2], sort_keys=True) for sample in samples}) == len(samples), family.name
    if family.type == "histogram":
        buckets = {}
        for name, labels, value in samples:
            key = json.dumps({k: v for k, v in labels.items() if k != "le"}, sort_keys=True)
            if name.endswith("_bucket"):
                buckets.setdefault(key, []).append(value)
            if name.endswith("_count"):
                assert buckets[key] == sorted(buckets[key]) and buckets[key][-1] == value, family.name
    families[family.name] = {"type": family.type, "samples": samples}
json.dump(families, sys.stdout)
