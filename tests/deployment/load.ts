/** Callers that ask an endpoint on and on, for tests of changes under load. */

export interface Load {
  /** Requests answered with 200 so far. */
  readonly answered: number;
  /** @returns how many each model answered, and what went wrong */
  end(): Promise<{ models: Map<string, number>; failures: unknown[] }>;
}

const CALLERS = 16;

/** @param rows of each request. A connection that a killed replica breaks counts as a failure, too. */
export function startLoad(url: string, rows = 1): Load {
  const models = new Map<string, number>();
  const failures: unknown[] = [];
  let answered = 0;
  let asking = true;
  const body = JSON.stringify({ rows: Array(rows).fill({ length: 1.4, width: 0.2 }) });
  const ask = async () => {
    while (asking) {
      try {
        const response = await fetch(`${url}/predict`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body,
        });
        const answer = await response.json();
        if (response.status !== 200) {
          failures.push(answer);
          continue;
        }
        answered++;
        models.set(answer.model, (models.get(answer.model) ?? 0) + 1);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const callers = Array.from({ length: CALLERS }, ask);
  return {
    get answered() {
      return answered;
    },
    async end() {
      asking = false;
      await Promise.all(callers);
      return { models, failures };
    },
  };
}
