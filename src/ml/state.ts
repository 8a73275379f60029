/**
 * What a fit learned: plain data, so that saving it is writing data, loading runs no code,
 * a Worker can carry it, and "not fitted yet" cannot be said.
 */
export type Tensor = Float64Array | Float32Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;
export type StateValue = number | string | boolean | null | Tensor | StateValue[] | {
  [key: string]: StateValue;
};
export type State = { [key: string]: StateValue };
