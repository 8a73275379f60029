import { defineTransformer } from "../transformer.ts";
import { numericColumn } from "./column_access.ts";
import {
  fitNumeric,
  numericOutputs,
  type NumericState,
  numericWriter,
  writeNumeric,
} from "./numeric_values.ts";

/** Median imputation as `simple_imputer`, then every output is brought to mean 0 and variance 1. */
export const standardScaler = defineTransformer<NumericState>({
  name: "standard_scaler",
  description:
    "Fills missing numbers with the training median, then brings the column to mean 0, variance 1.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.preprocessing.StandardScaler.html",
  fit: (column) => fitNumeric(numericColumn(column, "standard_scaler").values, { impute: true, scale: true }),
  outputs: numericOutputs,
  categories: (state) => state.indicator ? [0, 0] : [0],
  transform(column, state, outputs) {
    writeNumeric(numericColumn(column, "standard_scaler").values, state, outputs[0], outputs[1]);
  },
  writer: (state) => ({ write: numericWriter(state) }),
});
