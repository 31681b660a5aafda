import type { EncodeOptions } from '../core/encoder.ts';
import type { Job } from './job.ts';

/** Where a job that left the queue is. */
export type Phase = 'preparing' | 'ready' | 'running' | 'done' | 'dropped';

/** A job that has had its turn. */
export interface Ticket {
  readonly job: Job;
  readonly lane: Lane;
  readonly arrivalUs: number;
  /** Start tag of fair queueing: the smaller, the sooner. */
  readonly tag: number;
  phase: Phase;
  vector?: Float32Array;
}

interface Waiting {
  readonly job: Job;
  readonly arrivalUs: number;
}

/**
 * The queue of one source in front of the encoders, bounded by its policy, and the source's jobs on their way, in order. Vectors leave
 * in the order in which the jobs came, however many workers made them.
 */
export class Lane {
  /** Virtual finish time of the job that had its turn last (start-time fair queueing). */
  finishTag = 0;
  readonly tickets: Ticket[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #capacity: number;
  readonly #whenFull: 'superseded' | 'overflow';
  readonly #staleUs: number;

  constructor({ keep = 'freshest', staleAfterMs = 500, queue = 16 }: Pick<EncodeOptions, 'keep' | 'staleAfterMs' | 'queue'> = {}) {
    this.#capacity = keep === 'freshest' ? 1 : Math.max(1, queue);
    this.#whenFull = keep === 'freshest' ? 'superseded' : 'overflow';
    this.#staleUs = keep === 'every' ? Number.POSITIVE_INFINITY : staleAfterMs * 1000;
  }

  /** Jobs that wait or are on their way. */
  get inFlight(): number {
    return this.#waiting.length + this.tickets.length;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Puts a job at the end; where the queue is full the oldest goes. */
  push(job: Job, arrivalUs: number): void {
    const oldest = this.#waiting.length >= this.#capacity ? this.#waiting.shift() : undefined;
    this.#waiting.push({ job, arrivalUs });
    oldest?.job.drop(this.#whenFull);
  }

  isStale(arrivalUs: number, nowUs: number): boolean {
    return nowUs - arrivalUs > this.#staleUs;
  }

  /** The job whose turn is next, after those too old have been dropped. */
  head(nowUs: number): Job | undefined {
    for (;;) {
      const first = this.#waiting[0];
      if (!first || !this.isStale(first.arrivalUs, nowUs)) return first?.job;
      this.#waiting.shift();
      first.job.drop('stale');
    }
  }

  /** Takes the first job out of the queue and onto its way. */
  take(tag: number, cost: number, phase: Phase): Ticket | undefined {
    const first = this.#waiting.shift();
    if (!first) return undefined;
    const ticket: Ticket = { ...first, lane: this, tag, phase };
    this.finishTag = tag + cost;
    this.tickets.push(ticket);
    return ticket;
  }

  /** The oldest job that is not yet at a worker: nothing behind it may run before it. */
  get next(): Ticket | undefined {
    return this.tickets.find(({ phase }) => phase === 'preparing' || phase === 'ready');
  }

  /** Gives a job its end and passes on, in order, all that have theirs. */
  settle(
    ticket: Ticket,
    outcome: { readonly vector: Float32Array } | { readonly reason: string; readonly message?: string | undefined },
  ): void {
    if (ticket.phase === 'done' || ticket.phase === 'dropped') return;
    if ('vector' in outcome) {
      ticket.phase = 'done';
      ticket.vector = outcome.vector;
    } else {
      ticket.phase = 'dropped';
      const at = this.tickets.indexOf(ticket);
      if (at >= 0) this.tickets.splice(at, 1);
      ticket.job.drop(outcome.reason, outcome.message);
    }
    for (let first = this.tickets[0]; first?.phase === 'done'; first = this.tickets[0]) {
      this.tickets.shift();
      if (first.vector) first.job.resolve(first.vector);
    }
  }

  /** Takes one job out wherever it is, e.g. because its caller gave up. */
  cancel(job: Job, reason: string): void {
    const at = this.#waiting.findIndex((waiting) => waiting.job === job);
    if (at >= 0) {
      this.#waiting.splice(at, 1);
      job.drop(reason);
      return;
    }
    const ticket = this.tickets.find((candidate) => candidate.job === job);
    if (ticket) this.settle(ticket, { reason });
  }

  /** Drops what waits, and with `all` also what is on its way: its vectors will be ignored. */
  clear(reason: string, all: boolean): void {
    for (const { job } of this.#waiting.splice(0)) job.drop(reason);
    for (const ticket of [...this.tickets]) if (all || ticket.phase !== 'running') this.settle(ticket, { reason });
  }
}
