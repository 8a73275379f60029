/**
 * How many replicas an endpoint with a range shall have, from what its replicas say of their load. Up at once, down
 * only after a quiet time, and then to the most that was needed within it: so a load that goes up and down each
 * minute keeps its replicas. Pure: it reads no clock and starts nothing.
 *
 * Source: the algorithm of Kubernetes' HorizontalPodAutoscaler (desired = ceil(replicas * load / target), with a
 * stabilization window), https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details
 */

/** Share of its time that a replica shall be busy: what is above leaves too little for a burst. */
export const TARGET_UTILIZATION = 0.65;
/** Fewer replicas must stay so far below the target, so that taking one away is not what brings it back. */
const DOWN_UTILIZATION = 0.5;
/** Requests that wait for their turn in one replica, smoothed, from which another one shall help. */
const WAITING_LIMIT = 1;
/** What is measured weighs exp(-age / this). */
const SMOOTHING_MS = 2000;
/** New replicas take their share of the connections within this; until then the old measure says nothing. */
const SETTLE_MS = 3000;

export interface ScalingRange {
  min_replicas: number;
  max_replicas: number;
  /** Without a prediction request for so long, nothing runs; only when min_replicas is 0. */
  idle_ms: number;
  /** Load must be low for so long before a replica goes. */
  quiet_ms: number;
}

/** What the replicas say at one look. */
export interface LoadSample {
  now_ms: number;
  /** Wanted now. */
  replicas: number;
  /** Of these, such as take requests and have told their load. */
  ready: number;
  /** Mean over these of the share of time that they were busy, 0 to 1. */
  utilization: number;
  /** Requests that wait for their turn, of all of them together. */
  waiting: number;
  /** Whether there was a prediction request since the last look, or one is in flight. */
  asked: boolean;
}

/** What is remembered from look to look. */
export interface ScalingState {
  utilization: number;
  waiting: number;
  looked_ms: number;
  changed_ms: number;
  asked_ms: number;
  /** The needs of the quiet time, oldest first; each below the replicas there are. */
  needs: { at_ms: number; replicas: number }[];
}

export interface ScalingDecision {
  replicas: number;
  reason: "range" | "utilization" | "waiting" | "quiet" | "idle";
}

export function newScalingState(now_ms: number): ScalingState {
  return {
    utilization: 0,
    waiting: 0,
    looked_ms: -Infinity,
    changed_ms: -Infinity,
    asked_ms: now_ms,
    needs: [],
  };
}

/** Changes the state. @returns null when it stays as it is */
export function autoscale(
  state: ScalingState,
  range: ScalingRange,
  sample: LoadSample,
): ScalingDecision | null {
  const { now_ms, replicas } = sample;
  smooth(state, sample);
  const decision = decide(state, range, sample);
  if (decision === null || decision.replicas === replicas) return null;
  state.changed_ms = now_ms;
  state.needs = [];
  return decision;
}

function smooth(state: ScalingState, { now_ms, utilization, waiting, asked, ready }: LoadSample): void {
  if (asked) state.asked_ms = now_ms;
  if (ready === 0) return;
  // The first measure is taken as it is.
  const old = Math.exp(-(now_ms - state.looked_ms) / SMOOTHING_MS);
  state.utilization = old * state.utilization + (1 - old) * utilization;
  state.waiting = old * state.waiting + (1 - old) * waiting;
  state.looked_ms = now_ms;
}

function decide(
  state: ScalingState,
  { min_replicas, max_replicas, idle_ms, quiet_ms }: ScalingRange,
  { now_ms, replicas, ready }: LoadSample,
): ScalingDecision | null {
  // From zero only a caller wakes it, or a change of the range.
  if (replicas < min_replicas) return { replicas: min_replicas, reason: "range" };
  if (replicas > max_replicas) return { replicas: max_replicas, reason: "range" };
  if (replicas === 0) return null;
  if (min_replicas === 0 && now_ms - state.asked_ms >= idle_ms) return { replicas: 0, reason: "idle" };
  const fits = (wanted: number) => Math.min(max_replicas, Math.max(min_replicas, 1, wanted));
  // Some start or are gone: who is there carries more than its share, for now.
  if (ready < replicas || now_ms - state.changed_ms < SETTLE_MS) return null;
  const { utilization, waiting } = state;
  if (utilization > TARGET_UTILIZATION) {
    state.needs = [];
    return { replicas: fits(Math.ceil(replicas * utilization / TARGET_UTILIZATION)), reason: "utilization" };
  }
  if (waiting > WAITING_LIMIT * replicas) {
    state.needs = [];
    return { replicas: fits(replicas + 1), reason: "waiting" };
  }
  const need = fits(Math.ceil(replicas * utilization / DOWN_UTILIZATION));
  if (need >= replicas) {
    state.needs = [];
    return null;
  }
  state.needs.push({ at_ms: now_ms, replicas: need });
  if (now_ms - state.needs[0].at_ms < quiet_ms) return null;
  return { replicas: Math.max(...state.needs.map((past) => past.replicas)), reason: "quiet" };
}
