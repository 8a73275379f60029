/**
 * Words that mean "no value": pandas' default list and the question mark of the UCI data sets.
 *
 * Source: https://pandas.pydata.org/docs/reference/api/pandas.read_csv.html (na_values)
 */
export const MISSING_WORDS: readonly string[] = [
  "",
  "#N/A",
  "#N/A N/A",
  "#NA",
  "-1.#IND",
  "-1.#QNAN",
  "-NaN",
  "-nan",
  "1.#IND",
  "1.#QNAN",
  "<NA>",
  "?",
  "N/A",
  "NA",
  "NULL",
  "NaN",
  "None",
  "n/a",
  "nan",
  "null",
];
