/**
 * The TABLE of embedded data sets: small, real, free to use, there without a network.
 *
 * Where each file comes from and what was changed stands in docs/samples.md; `samples/make_samples.py` made
 * them. The texts are part of the program, so that they need no right to read.
 */
import { AppError } from "@/shared/errors.ts";
import autoMpg from "./samples/auto_mpg.csv" with { type: "text" };
import breastCancer from "./samples/breast_cancer.csv" with { type: "text" };
import diabetes from "./samples/diabetes.csv" with { type: "text" };
import iris from "./samples/iris.csv" with { type: "text" };
import penguins from "./samples/penguins.csv" with { type: "text" };
import seattleWeather from "./samples/seattle_weather.csv" with { type: "text" };
import titanic from "./samples/titanic.csv" with { type: "text" };
import wine from "./samples/wine.csv" with { type: "text" };

export interface Sample {
  /** The NAME of `sample/NAME`. */
  name: string;
  title: string;
  description: string;
  target: string;
  task: "classification" | "regression";
  /** SPDX identifier where there is one. */
  license: string;
  source: string;
  /** Words that a search finds it by. */
  keywords: readonly string[];
  rows: number;
  columns: number;
  /** The file: CSV with a line of names. */
  text: string;
}

export const SAMPLES: readonly Sample[] = [
  {
    name: "iris",
    title: "Iris flowers",
    description: "Three species of iris, 50 flowers each, by length and width of sepal and petal in cm.",
    target: "species",
    task: "classification",
    license: "CC-BY-4.0",
    source:
      "R. A. Fisher (1936), UCI Machine Learning Repository, doi:10.24432/C56C76; from scikit-learn 1.9.1",
    keywords: ["iris", "flower", "plant", "species", "botany", "petal", "sepal", "setosa", "multiclass"],
    rows: 150,
    columns: 5,
    text: iris,
  },
  {
    name: "penguins",
    title: "Palmer penguins",
    description: "Three species of penguin on three islands of the Palmer Archipelago, Antarctica: bill, " +
      "flippers, body mass, sex, year. A few values are missing.",
    target: "species",
    task: "classification",
    license: "CC0-1.0",
    source: "Gorman, Williams and Fraser (2014), Palmer Station LTER; from palmerpenguins 0.1.6",
    keywords: [
      "penguin",
      "penguins",
      "palmer",
      "antarctica",
      "bird",
      "animal",
      "species",
      "island",
      "bill",
      "adelie",
    ],
    rows: 344,
    columns: 8,
    text: penguins,
  },
  {
    name: "titanic",
    title: "Titanic passengers",
    description:
      "Who survived the sinking of the Titanic: every passenger's class, name, sex, age, family aboard, " +
      "ticket, fare, cabin and port. Many ages and most cabins are missing.",
    target: "survived",
    task: "classification",
    license: "BSD-3-Clause",
    source: "titanic3 of Vanderbilt University's Department of Biostatistics, after Encyclopedia Titanica; " +
      "from manrodri-test-titanic-classification-model 0.0.6",
    keywords: [
      "titanic",
      "passenger",
      "survival",
      "survived",
      "ship",
      "disaster",
      "binary",
      "missing values",
    ],
    rows: 1309,
    columns: 11,
    text: titanic,
  },
  {
    name: "breast_cancer",
    title: "Breast cancer Wisconsin (diagnostic)",
    description:
      "Malignant or benign: mean, standard error and worst of ten measures of the cell nuclei in a " +
      "needle sample of a breast mass.",
    target: "diagnosis",
    task: "classification",
    license: "CC-BY-4.0",
    source:
      "Wolberg, Mangasarian, Street and Street (1993), UCI Machine Learning Repository, doi:10.24432/C5DW2B; " +
      "from scikit-learn 1.9.1",
    keywords: [
      "breast",
      "cancer",
      "tumor",
      "medical",
      "health",
      "diagnosis",
      "malignant",
      "benign",
      "binary",
    ],
    rows: 569,
    columns: 31,
    text: breastCancer,
  },
  {
    name: "wine",
    title: "Wine recognition",
    description:
      "Three cultivars of wine from one region of Italy, by thirteen results of a chemical analysis.",
    target: "cultivar",
    task: "classification",
    license: "CC-BY-4.0",
    source:
      "Aeberhard and Forina (1991), UCI Machine Learning Repository, doi:10.24432/C5PC7J; from scikit-learn 1.9.1",
    keywords: ["wine", "cultivar", "chemistry", "alcohol", "grape", "drink", "italy", "multiclass"],
    rows: 178,
    columns: 14,
    text: wine,
  },
  {
    name: "seattle_weather",
    title: "Weather in Seattle",
    description:
      "Every day from 2012 to 2015: rain in mm, highest and lowest temperature in degrees Celsius, wind " +
      "in m/s, and the kind of weather (drizzle, fog, rain, snow, sun).",
    target: "weather",
    task: "classification",
    license: "public domain (NOAA)",
    source: "National Oceanic and Atmospheric Administration; from vega-datasets 0.9.0",
    keywords: [
      "weather",
      "seattle",
      "rain",
      "temperature",
      "wind",
      "climate",
      "date",
      "time series",
      "multiclass",
    ],
    rows: 1461,
    columns: 6,
    text: seattleWeather,
  },
  {
    name: "auto_mpg",
    title: "Miles per gallon of cars",
    description:
      "How far cars of the years 1970 to 1982 go on a gallon, by cylinders, displacement, horsepower, " +
      "weight, acceleration, year, origin (1 America, 2 Europe, 3 Japan) and name.",
    target: "mpg",
    task: "regression",
    license: "CC-BY-4.0",
    source: "Quinlan (1993), UCI Machine Learning Repository, doi:10.24432/C5859H; from ISLP 0.6.0",
    keywords: [
      "car",
      "auto",
      "automobile",
      "mpg",
      "miles per gallon",
      "fuel",
      "horsepower",
      "engine",
      "vehicle",
    ],
    rows: 392,
    columns: 9,
    text: autoMpg,
  },
  {
    name: "diabetes",
    title: "Progression of diabetes",
    description:
      "How far diabetes has progressed after a year, by age, sex, body mass index, mean blood pressure " +
      "and six blood serum measures at the start.",
    target: "progression",
    task: "regression",
    license: "BSD-3-Clause",
    source: "Efron, Hastie, Johnstone and Tibshirani (2004), Least Angle Regression; from scikit-learn 1.9.1",
    keywords: ["diabetes", "disease", "medical", "health", "progression", "patient", "blood", "bmi"],
    rows: 442,
    columns: 11,
    text: diabetes,
  },
];

/**
 * The embedded data set of that name.
 * @throws AppError not_found, listing the names there are
 */
export function findSample(name: string): Sample {
  const found = SAMPLES.find((sample) => sample.name === name.toLowerCase());
  if (found) return found;
  throw new AppError("not_found", `Cannot find sample/${name}: there is no embedded data set of that name`, {
    hint: `There are ${SAMPLES.map((sample) => `sample/${sample.name}`).join(", ")}.`,
  });
}
