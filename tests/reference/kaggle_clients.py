"""Judges the Kaggle emulator by clients that we did not write: kagglehub, and the kaggle command line.

Starts `deno task kaggle-emulator` twice, on port 7777 (where kagglehub looks with KAGGLE_API_ENVIRONMENT=TEST) and on
port 80 (where kaggle looks with LOCALHOST, which wants the right to listen there), lets both clients download, list
and resume, and compares every byte. Prints a line a check, then how many passed; exit code 1 if one failed.

Run with Python 3.11, kagglehub 1.0.3, kaggle 2.2.5 (and six, which that kaggle imports without asking for it):
python kaggle_clients.py [--only kagglehub|kaggle|rest] [--rest PYTHON]
PYTHON is one with kaggle 1.7.4.5, the last that spoke REST; without it those checks are left out.
"""
import argparse
import csv
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HUB, CLI = "http://127.0.0.1:7777", "http://127.0.0.1:80"
PASSED, FAILED = [], []


def noise(length, seed):
    """Bytes that don't compress."""
    import random
    return random.Random(seed).randbytes(length)


FILES = {
    "flowers.csv": b"a,b\n1,x\n2,y\n",
    "empty.csv": b"",
    "big.bin": noise(3_000_000, 1),
    "data/train.csv": b"x,y\n" + b"1,2\n" * 5000,
    "data/more/deep.csv": b"deep\n1\n",
    "data/a name with spaces & ünïcode.csv": "grün\n1\n".encode(),
}
OLD = {"flowers.csv": b"a,b\n1,x\n", "gone.csv": b"was here\n"}
MANY = {f"f{i:03}.txt": str(i).encode() for i in range(45)}
SECRET = {"secret.csv": b"s\n1\n"}


def write_tree(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def write_root(root):
    flowers = root / "some/flowers"
    write_tree(flowers / "versions/1", OLD)
    write_tree(flowers / "versions/2", FILES)
    (flowers / "dataset-metadata.json").write_text(json.dumps({
        "title": "Flowers of the field", "subtitle": "Petals", "description": "Measured by hand.",
        "licenses": [{"name": "CC0-1.0"}], "keywords": ["biology"], "totalVotes": 7, "usabilityRating": 0.9}))
    write_tree(root / "some/many", MANY)
    write_tree(root / "some/private", SECRET)
    (root / "some/private/dataset-metadata.json").write_text(json.dumps({"title": "Private", "isPrivate": True}))


def tree_of(folder):
    folder = Path(folder)
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def ask(url, method="GET", body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, method=method)) as reply:
        return json.load(reply)


def start(root, port, storage_port):
    emulator = subprocess.Popen(
        ["deno", "task", "kaggle-emulator", "--root", str(root), "--port", str(port),
         "--storage-port", str(storage_port)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        process_group=0)
    for line in emulator.stdout:
        if line.startswith("Kaggle emulator at"):
            return emulator
    raise SystemExit(f"the emulator did not start at port {port}: is something else listening there?")


class Case:
    """A temporary home, cache and folder for one check, and the emulator's switches."""

    def __init__(self, url, folder, python):
        self.url, self.folder, self.python = url, folder, python
        self.home = folder / "home"
        self.home.mkdir()
        for clean in ("faults", "requests"):
            ask(f"{url}/emulator/{clean}", "DELETE")

    def faults(self, **faults):
        ask(f"{self.url}/emulator/faults", "POST", faults)

    def seen(self, host):
        return [one for one in ask(f"{self.url}/emulator/requests") if one["host"] == host]

    def env(self, **more):
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith("KAGGLE") and "proxy" not in name.lower()}
        return {**kept, "HOME": str(self.home), "KAGGLEHUB_CACHE": str(self.folder / "cache"),
                "NO_PROXY": "*", **more}

    def hub(self, handle, fails=None, env={}, **options):
        """The path that kagglehub.dataset_download gives, in a process of its own."""
        program = ("import json,sys,kagglehub\nhandle,options=json.loads(sys.argv[1])\n"
                   "print('PATH='+kagglehub.dataset_download(handle,**options))")
        done = subprocess.run([self.python, "-c", program, json.dumps([handle, options])], text=True,
                              capture_output=True, timeout=120, env=self.env(**{"KAGGLE_API_ENVIRONMENT": "TEST", **env}))
        return self.judge(done, fails) or done.stdout.rsplit("PATH=", 1)[-1].strip()

    def cli(self, *args, fails=None, env={}):
        """What `kaggle datasets …` prints."""
        credential = {"KAGGLE_USERNAME": "some", "KAGGLE_KEY": "key"}
        done = subprocess.run([Path(self.python).parent / "kaggle", "datasets", *args], text=True,
                              capture_output=True, timeout=120, cwd=self.folder,
                              env=self.env(KAGGLE_API_ENVIRONMENT="LOCALHOST", **credential, **env))
        return self.judge(done, fails) or done.stdout

    def judge(self, done, fails):
        said = done.stdout + done.stderr
        if fails is None:
            assert done.returncode == 0, said[-2000:]
            return None
        assert done.returncode != 0 and fails in said, f"expected {fails!r}: {said[-2000:]}"
        return said


HUB_CHECKS, CLI_CHECKS = [], []


def hub_check(check):
    HUB_CHECKS.append(check)
    return check


def cli_check(check):
    CLI_CHECKS.append(check)
    return check


@hub_check
def whole_set(case):
    assert tree_of(case.hub("some/flowers")) == FILES
    for one in case.seen("storage"):
        assert "credential" not in one, one


@hub_check
def whole_set_as_tar_gz(case):
    case.faults(bundle="tar.gz")
    assert tree_of(case.hub("some/flowers")) == FILES


@hub_check
def second_call_is_cached(case):
    first = case.hub("some/flowers")
    before = len(case.seen("storage"))
    assert case.hub("some/flowers") == first and len(case.seen("storage")) == before


@hub_check
def one_file(case):
    assert Path(case.hub("some/flowers", path="big.bin")).read_bytes() == FILES["big.bin"]


@hub_check
def one_nested_file_with_an_odd_name(case):
    name = "data/a name with spaces & ünïcode.csv"
    assert Path(case.hub("some/flowers", path=name)).read_bytes() == FILES[name]


@hub_check
def one_file_that_comes_zipped(case):
    case.faults(zipSingleFiles=True)
    assert Path(case.hub("some/flowers", path="data/train.csv")).read_bytes() == FILES["data/train.csv"]


@hub_check
def a_folder(case):
    folder = case.hub("some/flowers", path="data")
    assert tree_of(folder) == {name[5:]: text for name, text in FILES.items() if name.startswith("data/")}


@hub_check
def an_older_version(case):
    assert tree_of(case.hub("some/flowers/versions/1")) == OLD


@hub_check
def refuses_a_wrong_hash(case):
    case.faults(hashes="wrong")
    case.hub("some/flowers", path="big.bin", fails="DataCorruptionError")


@hub_check
def a_private_set_wants_a_credential(case):
    case.hub("some/private", fails="403")
    env = {"KAGGLE_API_TOKEN": "KGAT_good"}
    assert tree_of(case.hub("some/private", env=env)) == SECRET


@hub_check
def a_missing_set_is_403_and_a_missing_file_404(case):
    case.hub("some/none", fails="403")
    case.hub("some/flowers", path="none.csv", fails="404")


@cli_check
def kagglehub_resumes_after_a_cut(case):
    """At port 80, since with TEST kagglehub prints each body, and so reads it into memory before the disk sees any."""
    localhost = {"KAGGLE_API_ENVIRONMENT": "LOCALHOST"}
    for wanted in ({"path": "big.bin"}, {}):
        case.faults(cutAfter=[2_500_000])
        case.hub("some/flowers", fails="Connection broken", env=localhost, **wanted)
        case.hub("some/flowers", env=localhost, **wanted)
    ranges = [one["headers"]["range"] for one in case.seen("storage") if "range" in one["headers"]]
    # It writes whole MiB: of 2.5 MB two of them have arrived.
    assert ranges == ["bytes=2097152-"] * 2, ranges
    folder = case.folder / "cache/datasets/some/flowers/versions/2"
    assert tree_of(folder) == FILES


def rows_of(text):
    """The CSV in what the command line prints, without the lines before it."""
    # kaggle 1.7 prints what it sends and gets, each between lines of dashes.
    text = text[text.rfind("-----") + 5:] if "-----" in text else text
    lines = [line for line in text.splitlines() if line and not line.startswith(("Warning", "Next Page"))]
    return list(csv.DictReader(io.StringIO("\n".join(lines))))


@cli_check
def lists_sets(case):
    found = rows_of(case.cli("list", "-s", "flowers", "--csv"))
    assert [(one["ref"], one["title"]) for one in found] == [("some/flowers", "Flowers of the field")], found


@cli_check
def lists_sets_by_filters(case):
    everything = ("--user", "some", "--sort-by", "votes", "--csv")
    assert [one["ref"] for one in rows_of(case.cli("list", *everything))][0] == "some/flowers"
    assert [one["ref"] for one in rows_of(case.cli("list", *everything, "--file-type", "csv", "--license", "cc"))] \
        == ["some/flowers"]


@cli_check
def lists_files_with_sizes(case):
    files = rows_of(case.cli("files", "some/flowers", "--csv"))
    assert {one["name"]: int(one["size"]) for one in files} == {name: len(text) for name, text in FILES.items()}, files


@cli_check
def lists_files_page_by_page(case):
    names, token = [], None
    while True:
        more = ["--page-token", token] if token else []
        text = case.cli("files", "some/many", "--csv", "--page-size", "20", *more)
        names += [one["name"] for one in rows_of(text)]
        tokens = [line.split("=", 1)[1].strip() for line in text.splitlines() if line.startswith("Next Page Token")]
        if not tokens:
            break
        token = tokens[0]
    assert sorted(names) == sorted(MANY), names


@cli_check
def writes_metadata(case):
    case.cli("metadata", "some/flowers", "-p", str(case.folder))
    told = json.loads((case.folder / "dataset-metadata.json").read_text())
    info = told.get("info", told)
    assert info["title"] == "Flowers of the field" and info["licenses"][0]["name"] == "CC0-1.0", told


@cli_check
def downloads_whole_set(case):
    case.cli("download", "some/flowers", "-p", str(case.folder / "out"), "--unzip")
    assert tree_of(case.folder / "out") == FILES


@cli_check
def downloads_one_file(case):
    case.cli("download", "some/flowers", "-f", "big.bin", "-p", str(case.folder / "out"))
    assert tree_of(case.folder / "out") == {"big.bin": FILES["big.bin"]}


@cli_check
def downloads_one_nested_file(case):
    case.cli("download", "some/flowers", "-f", "data/train.csv", "-p", str(case.folder / "out"))
    assert list(tree_of(case.folder / "out").values()) == [FILES["data/train.csv"]]


@cli_check
def downloads_an_older_version(case):
    case.cli("download", "some/flowers/1", "-p", str(case.folder / "out"), "--unzip")
    assert tree_of(case.folder / "out") == OLD


@cli_check
def goes_on_after_a_cut(case):
    case.faults(cutAfter=[1_000_000])
    case.cli("download", "some/flowers", "-f", "big.bin", "-p", str(case.folder / "out"))
    assert tree_of(case.folder / "out") == {"big.bin": FILES["big.bin"]}
    resumed = [one["headers"] for one in case.seen("storage") if "range" in one["headers"]]
    assert any("if-range" in headers for headers in resumed), resumed


@cli_check
def tells_the_limit_of_429(case):
    case.faults(api=[429], retryAfter="1")
    case.cli("files", "some/flowers", fails="rate limited")


@cli_check
def a_missing_set_is_refused(case):
    case.cli("download", "some/none", fails="403")


REST_CHECKS = [lists_sets, lists_sets_by_filters, lists_files_with_sizes, lists_files_page_by_page,
               downloads_whole_set, downloads_one_file, downloads_one_nested_file, a_missing_set_is_refused]


def run(name, url, checks, port, storage_port, folder, python=sys.executable):
    root = folder / f"root-{name}"
    write_root(root)
    emulator = start(root, port, storage_port)
    try:
        for check in checks:
            title = f"{name}: {check.__name__.replace('_', ' ')}"
            began = time.time()
            work = folder / f"{name}-{check.__name__}"
            work.mkdir()
            try:
                check(Case(url, work, python))
                PASSED.append(title)
                print(f"ok      {title} ({time.time() - began:.1f} s)", flush=True)
            except Exception as error:  # one failed check must not hide the others
                FAILED.append(title)
                print(f"FAILED  {title}: {type(error).__name__} {str(error)[:1500]}", flush=True)
    finally:
        os.killpg(emulator.pid, 15)
        emulator.wait()


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--only", choices=["kagglehub", "kaggle", "rest"])
    options.add_argument("--rest", metavar="PYTHON")
    args = options.parse_args()
    folder = Path(tempfile.mkdtemp())
    try:
        if args.only in (None, "kagglehub"):
            run("kagglehub", HUB, HUB_CHECKS, 7777, 7778, folder)
        if args.only in (None, "kaggle"):
            run("kaggle", CLI, CLI_CHECKS, 80, 7780, folder)
        if args.rest:
            run("kaggle by REST", CLI, REST_CHECKS, 80, 7780, folder, args.rest)
    finally:
        shutil.rmtree(folder)
    print(f"{len(PASSED)} passed, {len(FAILED)} failed")
    sys.exit(1 if FAILED else 0)
