"""Writes the same small table in every format that mlmcp reads, into tests/dataset/formats.

usage: python tests/reference/tables.py    (pandas, pyarrow, openpyxl, zstandard)
"""
import gzip, pathlib, sqlite3, zipfile
import pandas as pd, pyarrow as pa, zstandard

out = pathlib.Path(__file__).parent.parent / "dataset" / "formats"
out.mkdir(exist_ok=True)
rows = 30
table = pd.DataFrame({
    "city": [["Zürich", "Łódź", "Saint-Étienne", 'a "quoted", one', "東京"][i % 5] if i != 7 else None for i in range(rows)],
    "amount": [None if i % 6 == 5 else i * 1.37 - 5 for i in range(rows)],
    "count": [i * i for i in range(rows)],
    "big": [9007199254740991 - i % 4 for i in range(rows)],
    "tiny": [1e-300 * (i % 7 + 1) for i in range(rows)],
    "flag": [i % 3 == 0 for i in range(rows)],
    "day": pd.to_datetime(["2024-02-%02d" % (i % 28 + 1) for i in range(rows)]),
    "at": pd.to_datetime(["2024-03-01T%02d:%02d:05" % (i % 24, i) for i in range(rows)]),
})
text = table.copy()
text["flag"] = text.flag.map({True: "true", False: "false"})
csv = text.to_csv(index=False, date_format="%Y-%m-%d %H:%M:%S").replace(" 00:00:00", "")
(out / "table.csv").write_text(csv)
(out / "table.csv.gz").write_bytes(gzip.compress(csv.encode(), mtime=0))
(out / "table.csv.zst").write_bytes(zstandard.compress(csv.encode()))
(out / "table.utf16.csv").write_bytes(csv.encode("utf-16"))
(out / "table.tsv").write_text(text.to_csv(index=False, sep="\t", date_format="%Y-%m-%d %H:%M:%S"))
with zipfile.ZipFile(out / "table.csv.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr(zipfile.ZipInfo("README.md"), "what it is")
    archive.writestr(zipfile.ZipInfo("data/table.csv"), csv, zipfile.ZIP_DEFLATED)
with zipfile.ZipFile(out / "several.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr(zipfile.ZipInfo("train.csv"), csv, zipfile.ZIP_DEFLATED)
    archive.writestr(zipfile.ZipInfo("test.csv"), "a,b\n1,2\n")
records = table.copy()
records["day"] = records.day.dt.strftime("%Y-%m-%d")
records["at"] = records["at"].dt.strftime("%Y-%m-%dT%H:%M:%S")
for name, orient in [("records", "records"), ("split", "split"), ("columns", "columns"), ("list", None)]:
    path = out / f"table.{name}.json"
    if orient:
        records.to_json(path, orient=orient, force_ascii=False, double_precision=15)
    else:
        import json
        path.write_text(json.dumps(json.loads(records.to_json(orient="records", double_precision=15)), ensure_ascii=False)[0:0] +
                        json.dumps({"total": rows, "results": [
                            {k: (None if v != v else v) for k, v in row.items()} for row in records.to_dict("records")]}))
records.to_json(out / "table.jsonl", orient="records", lines=True, double_precision=15)
for codec in ["snappy", "gzip", "zstd", "brotli", "lz4"]:
    table.to_parquet(out / f"table.{codec}.parquet", compression=codec, index=False, row_group_size=11)
table.to_feather(out / "table.lz4.feather", compression="lz4")
table.to_feather(out / "table.zstd.feather", compression="zstd")
table.to_feather(out / "table.plain.arrow", compression="uncompressed")
arrow = pa.Table.from_pandas(table.assign(city=table.city.astype("category")), preserve_index=False)
with pa.ipc.new_stream(out / "table.stream.arrows", arrow.schema) as stream:
    stream.write_table(arrow, max_chunksize=11)
path = out / "table.db"
path.unlink(missing_ok=True)
with sqlite3.connect(path) as db:
    text.assign(day=records.day, at=records["at"]).to_sql("table one", db, index=False)
db.close()
path = out / "several.db"
path.unlink(missing_ok=True)
with sqlite3.connect(path) as db:
    text.to_sql("customers", db, index=False)
    text[["count"]].to_sql("orders", db, index=False)
db.close()
table.to_excel(out / "table.xlsx", index=False)
with pd.ExcelWriter(out / "several.xlsx") as book:
    table.to_excel(book, sheet_name="Customers", index=False)
    table[["count"]].to_excel(book, sheet_name="Orders", index=False)
latin = "name;größe\nJosé;1,5\nAnaïs;2,25\nZoë;3,75\n"
(out / "latin1.csv").write_bytes(latin.encode("latin-1"))
