/**
 * `work` on every item, at most `limit` at once. Unlike Promise.all it waits for all, so that no Worker is left at
 * work for a job that has ended.
 */
export async function eachAtOnce<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T, i: number) => Promise<R>,
): Promise<R[]> {
  const outcomes = new Array<PromiseSettledResult<R>>(items.length);
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const i = next++;
      [outcomes[i]] = await Promise.allSettled([work(items[i], i)]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  return outcomes.map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  });
}
