/** Learned state as JSON with its arrays moved out into named tensors, and back. */
import { AppError } from "@/shared/errors.ts";
import type { DecodedTensor, Tensor } from "@/shared/safetensors.ts";
import type { StateValue } from "@/ml/state.ts";

/** JSON, where `{"$tensor": name}` stands for an array and `{"$number": "Infinity"}` for what JSON can't say. */
export type Packed = number | string | boolean | null | Packed[] | { [key: string]: Packed };

/** @param tensors gets the arrays, under names that start with `name` */
export function packState(value: StateValue, name: string, tensors: Record<string, Tensor>): Packed {
  if (ArrayBuffer.isView(value)) {
    tensors[name] = value;
    return { $tensor: name };
  }
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))) {
    return { $number: Object.is(value, -0) ? "-0" : String(value) };
  }
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item, i) => packState(item, `${name}.${i}`, tensors));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, packState(item, `${name}.${key}`, tensors)]),
  );
}

/**
 * @param unused the names of tensors that nothing has claimed; those used are taken out
 * @throws AppError data_loss when a tensor is missing or claimed twice
 */
export function unpackState(
  value: Packed,
  where: string,
  tensors: Record<string, DecodedTensor>,
  unused: Set<string>,
): StateValue {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) {
    return value.map((item, i) => unpackState(item, `${where}.${i}`, tensors, unused));
  }
  if (typeof value.$tensor === "string") {
    if (!unused.delete(value.$tensor)) {
      throw new AppError(
        "data_loss",
        `Cannot read the model: ${where} needs the tensor "${value.$tensor}", which is not there`,
        {
          hint: "The file is damaged. Take it again from where it came, or train again.",
        },
      );
    }
    return tensors[value.$tensor].data;
  }
  if (typeof value.$number === "string") return Number(value.$number);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, unpackState(item, `${where}.${key}`, tensors, unused)]),
  );
}
