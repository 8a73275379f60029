/** Median imputation, the missing indicator and standard scaling of one column of numbers. */
import type { ValueWriter } from "../transformer.ts";
import { sumOf, sumsFrom } from "../sums.ts";
import { medianOf } from "./median.ts";

export type NumericState = {
  /** Missing values become the median. False: NaN stays. */
  impute: boolean;
  /** The median of the training values that are there. */
  median: number;
  /** Training had missing values: a second column tells which (1 missing, 0 there). */
  indicator: boolean;
  /** Subtracted after imputing; 0 without scaling. */
  mean: number;
  /** Divided by after subtracting; 1 without scaling, and for a column that does not vary. */
  scale: number;
  indicator_mean: number;
  indicator_scale: number;
};

/**
 * Learns what `writeNumeric` needs. As scikit-learn's
 * `make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())`.
 */
export function fitNumeric(
  values: Float64Array,
  options: { impute: boolean; scale: boolean; indicator?: boolean },
): NumericState {
  const state: NumericState = {
    impute: options.impute,
    median: 0,
    indicator: false,
    mean: 0,
    scale: 1,
    indicator_mean: 0,
    indicator_scale: 1,
  };
  if (!options.impute) return state;
  const whole = sumOf(values);
  // A sum of finite numbers is no number only where one is missing.
  const there = whole === whole ? values : withoutMissing(values);
  state.median = medianOf(there);
  const missing = values.length - there.length;
  state.indicator = missing > 0 && options.indicator !== false;
  if (!options.scale) return state;

  const rows = values.length;
  const moments = momentsOf(there, whole === whole ? whole : sumOf(there), missing, state.median);
  state.mean = moments.mean;
  state.scale = moments.scale;
  if (state.indicator) {
    const share = missing / rows;
    const deviation = Math.sqrt(share * (1 - share));
    state.indicator_mean = share;
    state.indicator_scale = deviation > 0 ? deviation : 1;
  }
  return state;
}

/** Mean and standard deviation (divided by n) of `there` and `missing` times `fill`. */
function momentsOf(
  there: Float64Array,
  total: number,
  missing: number,
  fill: number,
): { mean: number; scale: number } {
  const rows = there.length + missing;
  if (rows === 0) return { mean: 0, scale: 1 };
  const mean = (missing * fill + total) / rows;
  const far = fill - mean;
  const { sum, squares: near } = sumsFrom(there, mean);
  const squares = missing * (far * far) + near;
  const rest = missing * far + sum;
  // The second term takes back what rounding left in the mean (Chan, Golub and LeVeque 1983).
  const variance = Math.max(0, (squares - rest * rest / rows) / rows);
  // Rounding noise of a column that does not vary: the bound of scikit-learn's _is_constant_feature.
  const noise = rows * Number.EPSILON * variance + (rows * mean * Number.EPSILON) ** 2;
  return { mean, scale: variance <= noise ? 1 : Math.sqrt(variance) };
}

function withoutMissing(values: Float64Array): Float64Array {
  let missing = 0;
  for (let i = 0; i < values.length; i++) if (values[i] !== values[i]) missing++;
  const there = new Float64Array(values.length - missing);
  let count = 0;
  for (let i = 0; i < values.length; i++) if (values[i] === values[i]) there[count++] = values[i];
  return there;
}

/** Names of the one or two columns. */
export function numericOutputs(name: string, state: NumericState): string[] {
  return state.indicator ? [name, `${name}_missing`] : [name];
}

/** Writes the column, and the indicator column if there is one. */
export function writeNumeric(
  values: Float64Array,
  state: NumericState,
  output: Float64Array,
  indicator?: Float64Array,
): void {
  const { impute, median, mean, scale } = state;
  const fill = impute ? median : NaN;
  if (mean === 0 && scale === 1) output.set(values);
  else for (let i = 0; i < values.length; i++) output[i] = (values[i] - mean) / scale;
  const filled = (fill - mean) / scale;
  const hasMissing = Number.isNaN(sumOf(output));
  for (let i = hasMissing ? 0 : values.length; i < values.length; i++) {
    if (values[i] !== values[i]) output[i] = filled;
  }
  if (!indicator || !state.indicator) return;
  const whenThere = (0 - state.indicator_mean) / state.indicator_scale;
  const whenMissing = (1 - state.indicator_mean) / state.indicator_scale;
  for (let i = 0; i < values.length; i++) {
    indicator[i] = Number.isNaN(values[i]) ? whenMissing : whenThere;
  }
}

/** `writeNumeric` for one value. `indicator` false: there is no second output, whatever the state says. */
export function numericWriter(state: NumericState, indicator = state.indicator): ValueWriter["write"] {
  const { impute, median, mean, scale } = state;
  const filled = ((impute ? median : NaN) - mean) / scale;
  const writeIndicator = indicator ? indicatorWriter(state) : null;
  return (value, out, at, stride) => {
    out[at] = value !== value ? filled : (value - mean) / scale;
    if (writeIndicator !== null) writeIndicator(value, out, at + stride);
  };
}

/** The second output of `writeNumeric` for one value. */
export function indicatorWriter(state: NumericState): (value: number, out: Float64Array, at: number) => void {
  const whenThere = (0 - state.indicator_mean) / state.indicator_scale;
  const whenMissing = (1 - state.indicator_mean) / state.indicator_scale;
  return (value, out, at) => {
    out[at] = value !== value ? whenMissing : whenThere;
  };
}
