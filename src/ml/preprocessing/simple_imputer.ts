import { defineTransformer } from "../transformer.ts";
import { numericColumn } from "./column_access.ts";
import {
  fitNumeric,
  numericOutputs,
  type NumericState,
  numericWriter,
  writeNumeric,
} from "./numeric_values.ts";

/** The median where a value is missing, and a 0/1 column that tells where, if training had missing values. */
export const simpleImputer = defineTransformer<NumericState>({
  name: "simple_imputer",
  description:
    "Fills missing numbers with the training median and adds a 0/1 column that tells which were missing.",
  source: "https://scikit-learn.org/stable/modules/generated/sklearn.impute.SimpleImputer.html",
  fit: (column, { indicator }) =>
    fitNumeric(numericColumn(column, "simple_imputer").values, {
      impute: true,
      scale: false,
      indicator: indicator !== false,
    }),
  outputs: numericOutputs,
  categories: (state) => state.indicator ? [0, 0] : [0],
  transform(column, state, outputs) {
    writeNumeric(numericColumn(column, "simple_imputer").values, state, outputs[0], outputs[1]);
  },
  writer: (state) => ({ write: numericWriter(state) }),
});
