/** To four places; what is not a number is left out. */
export function rounded<K extends string>(values: Record<K, number>): Record<K, number> {
  return Object.fromEntries(
    Object.entries<number>(values).filter(([, value]) => !Number.isNaN(value))
      .map(([name, value]) => [name, Math.round(value * 1e4) / 1e4 + 0]),
  ) as Record<K, number>;
}
