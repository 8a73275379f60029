/**
 * A replica without a supervisor (`mlmcp serve`) watches itself: drift and quality of what it alone has seen, in
 * memory, for its metrics and its page.
 */
import { type KeptPrediction, LabelJoin } from "@/monitoring/label_join.ts";
import { VersionWatch } from "@/monitoring/version_watch.ts";
import type { FeedbackEntry } from "@/monitoring/watch_protocol.ts";
import type { Replica } from "./replica_state.ts";

const LOOK_EVERY_MS = 1000;
/** Predictions that wait for labels: some megabytes. */
const MOST_KEPT = 20_000;
const SETTINGS = { keep_share: 1, log_share: 0, log_inputs: false, log_omit: [] };

/** Looks every second from now on. */
export function watchAlone(replica: Replica): void {
  const { version, artifact } = replica.holder.current;
  const watch = new VersionWatch(version, artifact.pipeline.task, artifact.profile);
  const kept = new Map<string, KeptPrediction>();
  const keyOf = ({ request_id, row }: Pick<FeedbackEntry, "request_id" | "row">) => `${request_id} ${row}`;
  const labels = new LabelJoin((asked) =>
    asked.map((label) => {
      const found = kept.get(keyOf(label)) ?? null;
      kept.delete(keyOf(label));
      return found;
    })
  );
  let seen = 0;
  setInterval(() => {
    const now_s = Date.now() / 1000;
    const joined = labels.told.get("") ?? [];
    labels.told.clear();
    const batch = replica.watching.exchange({ seen, joined, settings: SETTINGS, published: null });
    seen = batch.seq;
    for (const tally of Object.values(batch.tallies)) watch.add(tally, now_s);
    for (const { prediction, probabilities = null, ...of } of batch.records) {
      kept.set(keyOf(of), { version, prediction, probabilities });
    }
    for (const key of kept.keys()) {
      if (kept.size <= MOST_KEPT) break;
      kept.delete(key);
    }
    labels.hear("", batch.feedback, 1);
    for (const labelled of labels.join()) watch.quality.add(labelled);
    replica.watching.report = { versions: [watch.report(now_s)], feedback: { ...labels.report }, alerts: [] };
  }, LOOK_EVERY_MS);
}
