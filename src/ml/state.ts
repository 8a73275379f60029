/**
 * What a fit learned: plain data, so that saving it is writing data, loading runs no code,
 * a Worker can carry it, and "not fitted yet" cannot be said.
 */
import type { Tensor } from "@/shared/safetensors.ts";

export type { Tensor };
export type StateValue = number | string | boolean | null | Tensor | StateValue[] | {
  [key: string]: StateValue;
};
export type State = { [key: string]: StateValue };
