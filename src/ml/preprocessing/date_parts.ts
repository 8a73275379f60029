import { defineTransformer } from "../transformer.ts";
import { numericColumn } from "./column_access.ts";
import {
  fitNumeric,
  indicatorWriter,
  type NumericState,
  numericWriter,
  writeNumeric,
} from "./numeric_values.ts";

const DAY_MS = 86_400_000;

const PARTS: Record<string, (date: Date) => number> = {
  year: (date) => date.getUTCFullYear(),
  month: (date) => date.getUTCMonth() + 1,
  day: (date) => date.getUTCDate(),
  /** 0 Monday to 6 Sunday, as pandas counts. */
  day_of_week: (date) => (date.getUTCDay() + 6) % 7,
  hour: (date) => date.getUTCHours(),
  epoch_days: (date) => date.getTime() / DAY_MS,
};

type DateState = {
  parts: string[];
  /** One a part: imputing and scaling. Only the first has the missing indicator. */
  states: NumericState[];
};

/** Year, month, day, day of the week, hour (if it varies) and days since 1970, all in UTC. */
export const dateParts = defineTransformer<DateState>({
  name: "date_parts",
  description: "A date as year, month, day, day of the week, hour (if it varies) and days since 1970 (UTC).",
  source: "https://pandas.pydata.org/docs/user_guide/timeseries.html#time-date-components",
  /** @param params `impute` and `scale`, booleans, default false: what is done to the parts */
  fit(column, params) {
    const { values } = numericColumn(column, "date_parts");
    const options = { impute: params.impute === true, scale: params.scale === true };
    const parts = Object.keys(PARTS).filter((part) => part !== "hour" || varies(partValues(values, part)));
    const states = parts.map((part, at) => {
      const state = fitNumeric(partValues(values, part), options);
      return at === 0 ? state : { ...state, indicator: false };
    });
    return { parts, states };
  },
  outputs(name, state) {
    const names = state.parts.map((part) => `${name}_${part}`);
    return state.states[0].indicator ? [...names, `${name}_missing`] : names;
  },
  categories: (state) => new Array<number>(state.parts.length + (state.states[0].indicator ? 1 : 0)).fill(0),
  transform(column, state, outputs) {
    const { values } = numericColumn(column, "date_parts");
    state.parts.forEach((part, at) => {
      const indicator = at === 0 ? outputs[state.parts.length] : undefined;
      writeNumeric(partValues(values, part), state.states[at], outputs[at], indicator);
    });
  },
  writer(state) {
    const reads = state.parts.map((part) => PARTS[part]);
    const writes = state.states.map((part) => numericWriter(part, false));
    const indicator = state.states[0].indicator ? indicatorWriter(state.states[0]) : null;
    return {
      write(value, out, at, stride) {
        const date = new Date(value);
        for (let k = 0; k < reads.length; k++) writes[k](reads[k](date), out, at + k * stride, stride);
        indicator?.(reads[0](date), out, at + reads.length * stride);
      },
    };
  },
});

function partValues(values: Float64Array, part: string): Float64Array {
  const read = PARTS[part];
  return values.map((value) => Number.isNaN(value) ? NaN : read(new Date(value)));
}

function varies(values: Float64Array): boolean {
  const first = values.find((value) => !Number.isNaN(value));
  return values.some((value) => !Number.isNaN(value) && value !== first);
}
