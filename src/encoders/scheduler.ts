import { messageOf } from '../core/errors.ts';
import type { Clock } from '../core/time.ts';
import type { GraphItem } from './graph-plan.ts';
import type { Job } from './job.ts';
import type { Lane, Ticket } from './lane.ts';
import { LONGEST_CALL_MS } from './longest-call.ts';
import { MovingMean } from './moving-mean.ts';
import { vectorFault } from './vector-fault.ts';
import type { Prepared } from './worker-messages.ts';

/**
 * The next call is posted to a busy worker this long before its running one is expected to end: long enough for a late timer, so that
 * the worker does not wait; and not earlier, because a small sensor that comes in between would wait for all of what was posted.
 */
const POST_AHEAD_MS = 6;

/** What a worker was given at once. */
interface Call {
  readonly tickets: readonly Ticket[];
  readonly expectedMs: number;
  /** When it began; of a call that waits behind another one, when it was posted. */
  startUs: number;
}

/** What of a lane could run now. */
interface Runnable {
  readonly tag: number;
  readonly graph: string;
  readonly expectedMs: number;
  /** The worker prepares it first. */
  readonly isRaw: boolean;
  /** Marks it as running, or drops it where it got too old. */
  readonly start: () => Ticket | undefined;
}

/** What the scheduler steers. Both calls return at once; the answers come through `prepared`, `prepareFailed`, `ran`, `runFailed`. */
export interface SchedulerPorts {
  readonly clock: Clock;
  prepare(ticket: Ticket): void;
  /** All with an item; or one without, which the worker prepares itself. */
  run(worker: number, tickets: readonly Ticket[]): void;
}

export interface SchedulerOptions {
  readonly workers: number;
  /** Largest batch per graph; 1 where batching would change results. Default 1. */
  readonly maxBatch?: (graph: string) => number;
  /** Pictures that the front-end workers can work on side by side. Default 1. */
  readonly frontEnds?: number;
}

/**
 * Decides which source's window is prepared and encoded next. Start-time fair queueing: each source is charged the time its windows
 * take, the one that has used least goes first, and one that was idle earns nothing by it. So sources of equal cost take turns, and
 * a slow or greedy one never holds up a small one for longer than the call that runs.
 *
 * A window leaves its queue as late as the workers' full use allows: shortly before the running call is expected to end. What is light
 * to prepare goes straight to a worker that has nothing to do.
 */
export class Scheduler {
  readonly #ports: SchedulerPorts;
  readonly #maxBatch: (graph: string) => number;
  readonly #frontEnds: number;
  readonly #lanes = new Set<Lane>();
  /** Calls posted to each worker, oldest first; undefined: the worker is away. */
  readonly #workers: (Call[] | undefined)[];
  readonly #runMs = new Map<string, MovingMean>();
  readonly #prepareMs = new Map<string, MovingMean>();
  #preparing = 0;
  #now = 0;
  #isStopping = false;
  #isPumping = false;
  /** The timer that looks again: when it is due, and what cancels it. */
  #wakeUs = Number.POSITIVE_INFINITY;
  #wake: (() => void) | undefined;
  readonly #whenIdle: (() => void)[] = [];

  constructor(ports: SchedulerPorts, { workers, maxBatch = () => 1, frontEnds = 1 }: SchedulerOptions) {
    this.#ports = ports;
    this.#maxBatch = maxBatch;
    this.#frontEnds = frontEnds;
    this.#workers = Array.from({ length: workers }, () => undefined);
  }

  /** Tells what a call with one item takes, before the first one was measured in service. */
  expect(graph: string, ms: number): void {
    meanOf(this.#runMs, graph).add(ms);
  }

  /** Puts a job at the end of a lane; a new lane takes part from now on. */
  push(lane: Lane, job: Job): void {
    if (this.#isStopping) {
      job.drop('stopped');
      return;
    }
    this.#lanes.add(lane);
    lane.push(job, this.#ports.clock.nowUs());
    this.#pump();
  }

  /** Ends a lane at once; everything of it is dropped as `stopped`. */
  remove(lane: Lane): void {
    this.#lanes.delete(lane);
    lane.clear('stopped', true);
    this.#pump();
  }

  prepared(ticket: Ticket, item: GraphItem, ms: number): void {
    this.#preparing--;
    meanOf(this.#prepareMs, ticket.job.graph).add(ms);
    if (ticket.phase === 'preparing') {
      ticket.job.item = item;
      ticket.phase = 'ready';
    }
    this.#pump();
  }

  prepareFailed(ticket: Ticket, reason: string, message?: string): void {
    this.#preparing--;
    ticket.lane.settle(ticket, { reason, message });
    this.#pump();
  }

  /** The oldest call of a worker is done. `vectors` holds one vector after the other; `prepared` is what it made of a raw input first. */
  ran(worker: number, vectors: Float32Array, ms: number, prepared?: Prepared): void {
    const tickets = this.#shift(worker);
    const dim = vectors.length / tickets.length;
    // The next call is chosen before results are passed on: the worker must not wait for what listeners do with them.
    const graph = tickets[0]?.job.graph;
    if (graph !== undefined) {
      meanOf(this.#runMs, graph).add(ms / tickets.length);
      if (prepared) meanOf(this.#prepareMs, graph).add(prepared.ms);
    }
    if (prepared) tickets[0]?.job.observe?.(prepared.item);
    this.#pump();
    for (const [i, ticket] of tickets.entries()) {
      const vector = tickets.length === 1 ? vectors : vectors.slice(i * dim, (i + 1) * dim);
      const fault = (ticket.job.fault ?? vectorFault)(vector);
      ticket.lane.settle(ticket, fault ? { reason: fault } : { vector });
    }
    this.#pump();
  }

  /** The oldest call of a worker failed; the worker itself lives. */
  runFailed(worker: number, reason: string, message?: string): void {
    for (const ticket of this.#shift(worker)) ticket.lane.settle(ticket, { reason, message });
    this.#pump();
  }

  workerUp(worker: number): void {
    this.#workers[worker] = [];
    this.#pump();
  }

  /** A worker is gone; its calls are lost. */
  workerDown(worker: number): void {
    const calls = this.#workers[worker] ?? [];
    this.#workers[worker] = undefined;
    for (const ticket of calls.flatMap(({ tickets }) => tickets)) ticket.lane.settle(ticket, { reason: 'workerCrashed' });
    this.#pump();
  }

  /** Drops what has not begun to run, as `stopped`; resolves when no worker runs anything. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#wake?.();
    for (const lane of this.#lanes) lane.clear('stopped', false);
    await new Promise<void>((resolve) => {
      this.#whenIdle.push(resolve);
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#isPumping) return; // called back from a listener: the outer call goes on
    this.#isPumping = true;
    try {
      while (!this.#isStopping && (this.#runOne() || this.#prepareOne())) continue;
    } finally {
      this.#isPumping = false;
    }
    if (this.#isStopping && this.#workers.every((calls) => !calls?.length)) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  /** Posts the call that is next in fairness, if a worker can take it. */
  #runOne(): boolean {
    const nowUs = this.#ports.clock.nowUs();
    const idle = this.#workers.filter((calls) => calls?.length === 0).length;
    const candidates = [...this.#lanes].flatMap((lane) => this.#runnable(lane, nowUs, idle > 0) ?? []).sort((a, b) => a.tag - b.tag);
    const [first, ...others] = candidates;
    if (!first) return false;
    const { expectedMs } = first;
    const worker = this.#freeWorker(nowUs);
    // Not even a cheaper one of another lane may pass: it would keep all workers just too busy for the first, for ever.
    if (worker === undefined) return false;
    const room = idle > 1 || first.isRaw ? 1 : Math.max(1, Math.min(this.#maxBatch(first.graph), Math.floor(LONGEST_CALL_MS / expectedMs)));
    const mates = others.filter(({ graph, isRaw }) => graph === first.graph && !isRaw).slice(0, room - 1);
    const tickets = [first, ...mates].flatMap(({ start }) => start() ?? []);
    if (tickets.length === 0) return true; // all were too old: their lanes have others
    this.#now = Math.max(this.#now, first.tag);
    this.#workers[worker]?.push({ tickets, expectedMs: expectedMs * tickets.length, startUs: nowUs });
    try {
      this.#ports.run(worker, tickets);
    } catch (error) {
      this.#workers[worker]?.pop();
      for (const ticket of tickets) ticket.lane.settle(ticket, { reason: 'failed', message: messageOf(error) });
    }
    return true;
  }

  /** `isIdle`: a worker has nothing to do, so that it may prepare a light picture itself. */
  #runnable(lane: Lane, nowUs: number, isIdle: boolean): Runnable | undefined {
    const next = lane.next;
    if (next) {
      if (next.phase !== 'ready') return undefined;
      const start = (): Ticket | undefined => {
        if (lane.isStale(next.arrivalUs, nowUs)) {
          lane.settle(next, { reason: 'stale' });
          return undefined;
        }
        next.phase = 'running';
        return next;
      };
      const { graph } = next.job;
      return { tag: next.tag, graph, expectedMs: meanOf(this.#runMs, graph).value, isRaw: false, start };
    }
    const head = lane.head(nowUs);
    const isRaw = head?.item === undefined;
    if (!head || (isRaw && !(isIdle && head.isLight))) return undefined;
    const { graph } = head;
    const tag = this.#tagOf(lane);
    const expectedMs = meanOf(this.#runMs, graph).value + (isRaw ? meanOf(this.#prepareMs, graph).value : 0);
    return { tag, graph, expectedMs, isRaw, start: () => lane.take(tag, expectedMs, 'running') };
  }

  /** Hands the picture that is next in fairness to the front ends, if it would otherwise come too late for its worker. */
  #prepareOne(): boolean {
    if (this.#preparing >= 4 * this.#frontEnds) return false;
    const nowUs = this.#ports.clock.nowUs();
    let best: { lane: Lane; tag: number; graph: string } | undefined;
    let committed = 0;
    let earliestReady = Number.POSITIVE_INFINITY;
    for (const lane of this.#lanes) {
      committed += lane.tickets.length;
      for (const ticket of lane.tickets)
        if (ticket.phase !== 'running' && ticket.phase !== 'done') earliestReady = Math.min(earliestReady, ticket.tag);
      const head = lane.head(nowUs);
      if (!head || head.item) continue;
      const tag = this.#tagOf(lane);
      if (!best || tag < best.tag) best = { lane, tag, graph: head.graph };
    }
    if (!best) return false;
    const up = this.#workers.filter(Boolean).length;
    const runMs = meanOf(this.#runMs, best.graph).value;
    const prepareMs = meanOf(this.#prepareMs, best.graph).value;
    // One runs and one is on its way per worker, and as many more as are decoded in the time of one call.
    const limit = 2 * up + Math.round((prepareMs * up) / runMs + 0.2);
    // A source with nothing on its way that has used less than those already prepared comes before them.
    const isAhead = best.tag < earliestReady && best.lane.tickets.length === 0;
    if (committed >= limit && !isAhead) return false;
    // The others not earlier than a worker needs them: what waits in its queue can still be replaced by something fresher. A front end
    // that takes twice as long as usual must not let the worker wait.
    const endsUs = this.#workers.map((calls) => (calls ? this.#endUs(calls) : Number.POSITIVE_INFINITY));
    const fromUs = Math.min(...endsUs) - (2 * prepareMs + POST_AHEAD_MS) * 1000;
    if (!isAhead && up > 0 && fromUs > nowUs) {
      this.#wakeAt(fromUs, nowUs);
      return false;
    }
    const ticket = best.lane.take(best.tag, runMs, 'preparing');
    if (!ticket) return false;
    this.#preparing++;
    this.#ports.prepare(ticket);
    return true;
  }

  #tagOf(lane: Lane): number {
    return Math.max(this.#now, lane.finishTag);
  }

  /** A worker without a call; else one whose only call ends soon. Where there is none yet, this is looked at again in time. */
  #freeWorker(nowUs: number): number | undefined {
    const free = this.#workers.findIndex((calls) => calls?.length === 0);
    if (free >= 0) return free;
    const postUs = this.#workers.map((calls) =>
      calls?.length === 1 ? this.#endUs(calls) - POST_AHEAD_MS * 1000 : Number.POSITIVE_INFINITY,
    );
    const soonestUs = Math.min(...postUs);
    if (soonestUs <= nowUs) return postUs.indexOf(soonestUs);
    this.#wakeAt(soonestUs, nowUs);
    return undefined;
  }

  /** When a worker is expected to have done all that it was given. */
  #endUs(calls: readonly Call[]): number {
    return (calls[0]?.startUs ?? 0) + calls.reduce((ms, { expectedMs }) => ms + expectedMs, 0) * 1000;
  }

  #wakeAt(timeUs: number, nowUs: number): void {
    if (timeUs >= this.#wakeUs) return;
    this.#wake?.();
    this.#wakeUs = timeUs;
    this.#wake = this.#ports.clock.after((timeUs - nowUs) / 1000, () => {
      this.#wakeUs = Number.POSITIVE_INFINITY;
      this.#pump();
    });
  }

  /** Takes a worker's oldest call off; the next one begins. */
  #shift(worker: number): readonly Ticket[] {
    const calls = this.#workers[worker] ?? [];
    const done = calls.shift();
    const [next] = calls;
    if (next) next.startUs = this.#ports.clock.nowUs();
    return done?.tickets ?? [];
  }
}

function meanOf(means: Map<string, MovingMean>, graph: string): MovingMean {
  let mean = means.get(graph);
  if (!mean) means.set(graph, (mean = new MovingMean()));
  return mean;
}
