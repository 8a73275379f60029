"""Reads a CSV some times and prints seconds and peak memory as JSON: read_csv.py READER THREADS PATH READS."""
import json, resource, sys, time

reader, threads, path, reads = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
if reader == "polars":
    import polars as pl
    read = lambda: pl.read_csv(path, infer_schema_length=10_000)
elif reader == "pandas_pyarrow":
    import pandas as pd
    import pyarrow
    pyarrow.set_cpu_count(threads)
    read = lambda: pd.read_csv(path, engine="pyarrow")
else:
    import pandas as pd
    read = lambda: pd.read_csv(path, engine="c")
seconds = []
for _ in range(reads):
    frame = None
    start = time.perf_counter()
    frame = read()
    seconds.append(time.perf_counter() - start)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"seconds": seconds, "peak_bytes": peak, "columns_bytes": None, "rows": len(frame)}))
