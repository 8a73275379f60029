/** Learned state, or a part of it, as the bytes of one safetensors file: what a checkpoint keeps. */
import { decodeSafetensors, encodeSafetensors, type Tensor } from "@/shared/safetensors.ts";
import type { State } from "@/ml/state.ts";
import { packState, unpackState } from "./pack_state.ts";

const KEY = "state";

export function encodeState(state: State): Uint8Array<ArrayBuffer> {
  const tensors: Record<string, Tensor> = {};
  const packed = JSON.stringify(packState(state, KEY, tensors));
  return encodeSafetensors(tensors, { [KEY]: packed }) as Uint8Array<ArrayBuffer>;
}

/** @throws AppError data_loss for other bytes */
export function decodeState(bytes: Uint8Array): State {
  const { tensors, metadata } = decodeSafetensors(bytes);
  return unpackState(JSON.parse(metadata[KEY]), KEY, tensors, new Set(Object.keys(tensors))) as State;
}
