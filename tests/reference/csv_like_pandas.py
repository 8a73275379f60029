"""Reads every CSV and TSV below a folder with mlmcp and with pandas, and compares them cell by cell.

    pip install pandas
    python tests/reference/csv_like_pandas.py FOLDER [FOLDER ...]

Numbers must be equal to the last bit. What mlmcp does otherwise on purpose is allowed and counted: blanks around
unquoted text are dropped, infinity is missing, and "True" and "False" stay words.
"""

import json
import math
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

warnings.simplefilter("ignore")
ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
ROOT = Path(__file__).resolve().parents[2]


def paths(folders):
    return sorted(str(p) for f in folders for p in Path(f).rglob("*") if p.is_file() and not p.name.startswith("._") and p.name.lower().endswith(ENDINGS))


def read_pandas(path, separator, notes, encoding):
    skip = next((int(n.split()[0]) for n in notes if "comment line" in n), 0)
    frame = pd.read_csv(path, sep=separator, float_precision="round_trip", low_memory=False,
                        encoding=encoding, skiprows=skip)
    if not (isinstance(frame.index, pd.RangeIndex) and frame.index.start == 0):
        frame = frame.reset_index()
    return frame


def same(ours, theirs):
    """0: equal; otherwise the kind of difference."""
    if theirs is None or (isinstance(theirs, float) and math.isnan(theirs)) or theirs is pd.NA:
        if ours is None:
            return None
        return "blank" if isinstance(ours, str) and not ours.strip() else "missing there"
    if isinstance(theirs, (bool, np.bool_)):
        return None if str(ours).lower() == str(theirs).lower() else "boolean"
    if isinstance(theirs, (int, float, np.integer, np.floating)):
        value = float(theirs)
        if math.isinf(value):
            return None if ours is None else "infinity"
        if isinstance(ours, (int, float)):
            return None if float(ours) == value else "number"
        # A column of words here and of mixed things there.
        try:
            return None if ours is not None and float(ours) == value else "number as text"
        except ValueError:
            return "number as text"
    text = str(theirs)
    if ours is None:
        return None if text.strip() == "" else "missing here"
    if isinstance(ours, str):
        return None if ours == text or ours == text.strip() else "text"
    # A number here, a text there: pandas keeps a column of text where one value is odd.
    return "number here"


def compare(read, counts):
    path = read["path"]
    notes = read.get("notes") or []
    encoding = "latin-1" if any("windows-1252" in n for n in notes) else "utf-8"
    if any("UTF-16" in n for n in notes):
        encoding = "utf-16"
    try:
        frame = read_pandas(path, read.get("separator", ","), notes, encoding)
    except Exception as error:  # pandas refuses it
        counts["pandas refuses"] += 1
        return f"pandas refuses: {str(error)[:90]} | ours: {read.get('error', 'read')}"
    if "error" in read:
        return f"refused here: {read['error'][:160]}"
    if read["rows"] != len(frame):
        return f"{read['rows']} rows, pandas {len(frame)}"
    theirs = [c for c in frame.columns if not (str(c).startswith("Unnamed:") and frame[c].isna().all())]
    ours = read["columns"]
    if len(ours) != len(theirs):
        return f"{len(ours)} columns, pandas {len(theirs)}"
    problems = Counter()
    example = ""
    for column, name in zip(ours, theirs):
        for row, (a, b) in enumerate(zip(column["values"], frame[name].astype(object).tolist())):
            counts["cells"] += 1
            kind = same(a, b)
            if kind:
                problems[kind] += 1
                example = example or f"{column['name']!r} row {row}: {a!r} / {b!r}"
    return f"{dict(problems)} e.g. {example}" if problems else None


def main():
    files = paths(sys.argv[1:])
    dump = subprocess.Popen(
        ["deno", "run", "--quiet", "--allow-all", "--config", str(ROOT / "deno.json"), str(ROOT / "tests/reference/dump_csv.ts")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    dump.stdin.write("\n".join(files))
    dump.stdin.close()
    counts = Counter()
    for line in dump.stdout:
        read = json.loads(line)
        found = compare(read, counts)
        counts["different" if found else "equal"] += 1
        if found:
            print(f"{read['path']}: {found}")
    dump.wait()
    print(f"{len(files)} files: {dict(counts)}")


main()
