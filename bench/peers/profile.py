"""Reads a CSV and describes it: python profile.py FILE. Prints one JSON line with seconds; null where not installed."""
import json
import sys
import time
import warnings

warnings.filterwarnings("ignore")
import pandas as pd

frame = pd.read_csv(sys.argv[1])


def seconds(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


result = {"pandas describe(include='all')": seconds(lambda: frame.describe(include="all"))}
try:
    from ydata_profiling import ProfileReport
except ImportError:
    ProfileReport = None
for minimal in (True, False):
    name = "ydata-profiling, " + ("minimal" if minimal else "full")
    result[name] = None if ProfileReport is None else seconds(
        lambda: ProfileReport(frame, minimal=minimal, progress_bar=False).to_html())
print(json.dumps(result))
