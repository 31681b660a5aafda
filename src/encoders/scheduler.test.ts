import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EncodeOptions } from '../core/encoder.ts';
import { VirtualClock } from '../core/time.ts';
import type { GraphItem } from './graph-plan.ts';
import type { Job } from './job.ts';
import { Lane, type Ticket } from './lane.ts';
import { Scheduler, type SchedulerOptions } from './scheduler.ts';

const ITEM: GraphItem = [{ name: 'input', dims: [1], data: new Float32Array(1) }];

/** Workers and front ends on virtual time. A job's name is its lane's letter and a number; its vector is [1, 0]. */
class Bench {
  readonly clock = new VirtualClock();
  readonly log: string[] = [];
  readonly results: string[] = [];
  readonly lanes = new Map<string, Lane>();
  readonly names = new Map<Job, string>();
  readonly scheduler: Scheduler;
  readonly preparing: Ticket[] = [];
  readonly observed: string[] = [];
  readonly #costs: Readonly<Record<string, number>>;
  readonly #busyUntil: number[] = [];
  #count = 0;
  dropped = 0;
  emitted = 0;
  pushed = 0;

  constructor(costs: Readonly<Record<string, number>> = {}, options: Partial<SchedulerOptions> & { autoPrepareMs?: number } = {}) {
    this.#costs = costs;
    const { autoPrepareMs, ...rest } = options;
    this.scheduler = new Scheduler(
      {
        clock: this.clock,
        prepare: (ticket) => {
          this.log.push(`prepare ${this.names.get(ticket.job)}`);
          if (autoPrepareMs === undefined) this.preparing.push(ticket);
          else this.clock.after(autoPrepareMs, () => this.scheduler.prepared(ticket, ITEM, autoPrepareMs));
        },
        run: (worker, tickets) => {
          const ms = (this.#costs[tickets[0]!.job.graph] ?? 10) * tickets.length;
          const raws = tickets.filter(({ job }) => !job.item);
          const prepareMs = raws.length > 0 ? (autoPrepareMs ?? 0) : 0;
          this.log.push(`run ${tickets.map(({ job }) => this.names.get(job)).join('+')}`);
          const start = Math.max(this.clock.nowUs(), this.#busyUntil[worker] ?? 0);
          this.#busyUntil[worker] = start + (prepareMs + ms) * 1000;
          this.clock.after((start - this.clock.nowUs()) / 1000 + prepareMs + ms, () => {
            const vectors = Float32Array.from(tickets.flatMap(() => [1, 0]));
            this.scheduler.ran(worker, vectors, ms, raws.length > 0 ? { item: ITEM, ms: prepareMs } : undefined);
          });
        },
      },
      { workers: 1, ...rest },
    );
    for (let worker = 0; worker < (rest.workers ?? 1); worker++) this.scheduler.workerUp(worker);
    for (const [graph, ms] of Object.entries(costs)) this.scheduler.expect(graph, ms);
  }

  push(lane: string, options: EncodeOptions & { graph?: string; raw?: boolean; isLight?: boolean } = {}): string {
    const { graph = 'g', raw = false, isLight = false, ...policy } = options;
    let queue = this.lanes.get(lane);
    if (!queue) this.lanes.set(lane, (queue = new Lane(policy)));
    const name = `${lane}${this.#count++}`;
    const job: Job = {
      graph,
      ...(raw ? { raw: { kind: 'text', text: name }, isLight } : { item: ITEM }),
      observe: (item) => this.observed.push(`${name}:${item === ITEM}`),
      resolve: () => {
        this.emitted++;
        this.results.push(name);
      },
      drop: (reason) => {
        this.dropped++;
        this.results.push(`${name}:${reason}`);
      },
    };
    this.names.set(job, name);
    this.pushed++;
    this.scheduler.push(queue, job);
    return name;
  }

  get inFlight(): number {
    return [...this.lanes.values()].reduce((sum, lane) => sum + lane.inFlight, 0);
  }
}

describe('scheduler', () => {
  it('runs a window at once when a worker is free, and posts one more shortly before the call is expected to end', () => {
    const bench = new Bench({ g: 10 });
    for (let i = 0; i < 4; i++) bench.push('a', { keep: 'every' });
    expect(bench.log).toEqual(['run a0']);
    bench.clock.advanceMs(3);
    expect(bench.log).toEqual(['run a0']);
    bench.clock.advanceMs(1);
    expect(bench.log).toEqual(['run a0', 'run a1']);
    bench.clock.advanceMs(9);
    expect(bench.results).toEqual(['a0']);
    expect(bench.log).toEqual(['run a0', 'run a1']);
    bench.clock.advanceMs(1);
    expect(bench.log).toEqual(['run a0', 'run a1', 'run a2']);
    bench.clock.advanceMs(26);
    expect(bench.results).toEqual(['a0', 'a1', 'a2', 'a3']);
  });

  it.each([100, 20])('lets a small sensor wait for one call of %i ms at most, however many wait before it', (slow) => {
    const bench = new Bench({ slow, small: 2 });
    for (let i = 0; i < 3; i++) bench.push('a', { graph: 'slow', keep: 'every' });
    bench.clock.advanceMs(slow / 2);
    bench.push('b', { graph: 'small' });
    bench.clock.advanceMs(slow / 2 + 2);
    expect(bench.results).toEqual(['a0', 'b3']);
    bench.clock.advanceMs(slow);
    expect(bench.results).toEqual(['a0', 'b3', 'a1']);
  });

  it('posts at once behind a call that takes longer than expected', () => {
    const bench = new Bench({ g: 10 });
    bench.scheduler.expect('g', 0.5);
    for (let i = 0; i < 3; i++) bench.push('a', { keep: 'every' });
    bench.clock.advanceMs(9);
    expect(bench.log).toEqual(['run a0', 'run a1']);
  });

  it('freshest: a newer window replaces the one that waits', () => {
    const bench = new Bench({ g: 10 });
    for (let i = 0; i < 6; i++) bench.push('a');
    bench.clock.advanceMs(100);
    expect(bench.results).toEqual(['a1:superseded', 'a2:superseded', 'a3:superseded', 'a4:superseded', 'a0', 'a5']);
  });

  it('drop-oldest: the queue is bounded and the oldest goes', () => {
    const bench = new Bench({ g: 10 });
    for (let i = 0; i < 6; i++) bench.push('a', { keep: 'drop-oldest', queue: 2 });
    bench.clock.advanceMs(100);
    expect(bench.results).toEqual(['a1:overflow', 'a2:overflow', 'a3:overflow', 'a0', 'a4', 'a5']);
  });

  it('drops what waited longer than the staleness budget when its turn comes, but never with every', () => {
    for (const keep of ['drop-oldest', 'every'] as const) {
      const bench = new Bench({ g: 20 });
      for (let i = 0; i < 5; i++) bench.push('a', { keep, staleAfterMs: 30 });
      bench.clock.advanceMs(1000);
      expect(bench.results).toEqual(keep === 'every' ? ['a0', 'a1', 'a2', 'a3', 'a4'] : ['a0', 'a2:stale', 'a3:stale', 'a4:stale', 'a1']);
    }
  });

  it('gives sources of equal cost their turns one by one, however much one of them wants', () => {
    const bench = new Bench({ g: 10 });
    for (let i = 0; i < 10; i++) bench.push('a', { keep: 'every' });
    for (let i = 0; i < 3; i++) bench.push('b', { keep: 'every' });
    bench.clock.advanceMs(75);
    expect(bench.results.filter((name) => name.startsWith('b')).length).toBe(3);
    expect(bench.results.slice(0, 7).filter((name) => name.startsWith('a')).length).toBe(4);
  });

  it('charges a source the time that it takes: a slow one does not halve a quick one', () => {
    const bench = new Bench({ slow: 20, quick: 2 });
    const feed = (): void => {
      bench.push('a', { graph: 'slow' });
      bench.push('b', { graph: 'quick', keep: 'every' });
      if (bench.clock.nowUs() < 2e6) bench.clock.after(4, feed);
    };
    feed();
    bench.clock.advanceMs(2000);
    const quick = bench.results.filter((name) => name.startsWith('b') && !name.includes(':')).length;
    const slow = bench.results.filter((name) => name.startsWith('a') && !name.includes(':')).length;
    expect(quick).toBeGreaterThan(400); // of 501: half of the time is all that it asks for
    expect(slow).toBeGreaterThan(45);
  });

  it('batches what waits for one graph anyway, up to the limit, and only where allowed', () => {
    const bench = new Bench({ g: 4 }, { maxBatch: () => 3 });
    for (const lane of ['a', 'b', 'c', 'd', 'e', 'f']) bench.push(lane);
    bench.clock.advanceMs(100);
    expect(bench.log).toEqual(['run a0', 'run b1', 'run c2+d3+e4', 'run f5']);
    expect(bench.emitted).toBe(6);
  });

  it('keeps the order of a source when workers finish out of order', () => {
    const bench = new Bench({ slow: 30, quick: 1 }, { workers: 2 });
    bench.push('a', { graph: 'slow', keep: 'every' });
    bench.push('a', { graph: 'quick', keep: 'every' });
    bench.clock.advanceMs(5);
    expect(bench.results).toEqual([]);
    bench.clock.advanceMs(30);
    expect(bench.results).toEqual(['a0', 'a1']);
  });

  it('prepares a picture while another runs, and not more of them than the workers need', () => {
    const bench = new Bench({ g: 10 }, { autoPrepareMs: 2 });
    for (let i = 0; i < 5; i++) bench.push('a', { raw: true, keep: 'every' });
    expect(bench.log).toEqual(['prepare a0', 'prepare a1']);
    bench.clock.advanceMs(7);
    expect(bench.log).toEqual(['prepare a0', 'prepare a1', 'run a0', 'run a1']);
    bench.clock.advanceMs(6);
    expect(bench.log.slice(4)).toEqual(['prepare a2']);
    bench.clock.advanceMs(50);
    expect(bench.results).toEqual(['a0', 'a1', 'a2', 'a3', 'a4']);
  });

  it('lets an idle worker prepare what is light itself, and a front end what comes while it is busy', () => {
    const bench = new Bench({ g: 10 }, { autoPrepareMs: 2 });
    bench.push('a', { raw: true, isLight: true, keep: 'every' });
    expect(bench.log).toEqual(['run a0']);
    bench.push('a', { raw: true, isLight: true, keep: 'every' });
    bench.clock.advanceMs(11.5);
    expect(bench.log).toEqual(['run a0', 'prepare a1', 'run a1']);
    expect(bench.results).toEqual([]);
    bench.clock.advanceMs(0.5);
    expect(bench.results).toEqual(['a0']);
    expect(bench.observed).toEqual(['a0:true']);
    bench.clock.advanceMs(10);
    expect(bench.results).toEqual(['a0', 'a1']);
  });

  it('keeps a source in order: what is light waits for its elder that a front end has', () => {
    const bench = new Bench({ g: 10 });
    bench.push('a', { raw: true, keep: 'every' });
    bench.push('a', { raw: true, isLight: true, keep: 'every' });
    bench.push('b', { raw: true, isLight: true });
    expect(bench.log).toEqual(['prepare a0', 'prepare a1', 'run b2']);
    bench.clock.advanceMs(10);
    expect(bench.results).toEqual(['b2']);
  });

  it('never puts what a worker must prepare into one call with others', () => {
    const bench = new Bench({ g: 4 }, { maxBatch: () => 4, workers: 2 });
    bench.push('a');
    for (const lane of ['b', 'c']) bench.push(lane, { raw: true, isLight: true });
    for (const lane of ['d', 'e']) bench.push(lane);
    bench.clock.advanceMs(1);
    expect(bench.log.filter((line) => line.includes('b1') || line.includes('c2'))).toEqual(['run b1', 'prepare c2']);
  });

  it('drops a light picture that its worker cannot prepare, and goes on', () => {
    const bench = new Bench({ g: 10 }, { autoPrepareMs: 2 });
    const lane = new Lane({ keep: 'every' });
    const dropped: string[] = [];
    const drop = (reason: string): void => void dropped.push(reason);
    const resolve = (): void => expect.unreachable();
    bench.scheduler.push(lane, { graph: 'g', raw: { kind: 'text', text: '' }, isLight: true, drop, resolve });
    bench.scheduler.runFailed(0, 'badPicture');
    expect(dropped).toEqual(['badPicture']);
    bench.push('b');
    expect(bench.log.at(-1)).toBe('run b0');
  });

  it('encodes the freshest picture where the model is slow: one is prepared shortly before the worker needs it', () => {
    const bench = new Bench({ slow: 100 }, { autoPrepareMs: 5 });
    const feed = (): void => {
      bench.push('a', { graph: 'slow', raw: true });
      if (bench.clock.nowUs() < 2e6) bench.clock.after(10, feed);
    };
    const bornMs = new Map<string, number>();
    const encoded = (): string[] => bench.results.filter((name) => !name.includes(':'));
    feed();
    const ages: number[] = [];
    for (let ms = 0; ms < 2000; ms++) {
      bench.clock.advanceMs(1);
      for (const name of bench.names.values()) if (!bornMs.has(name)) bornMs.set(name, ms);
      const newest = encoded().at(-1);
      if (ages.length < encoded().length && newest !== undefined) ages.push(ms - (bornMs.get(newest) ?? 0));
    }
    expect(ages.length).toBe(19);
    // Call 100, twice 5 to prepare, 6 to post it, and a picture every 10.
    expect(Math.max(...ages.slice(2))).toBeLessThanOrEqual(127);
  });

  it('loses nothing of a small source beside a slow one', () => {
    const bench = new Bench({ slow: 140, small: 2 }, { autoPrepareMs: 5 });
    const feed = (lane: string, graph: string, everyMs: number): void => {
      bench.push(lane, { graph, raw: true });
      if (bench.clock.nowUs() < 3e6) bench.clock.after(everyMs, () => feed(lane, graph, everyMs));
    };
    feed('a', 'slow', 33);
    feed('b', 'small', 111);
    bench.clock.advanceMs(4000);
    expect(bench.results.filter((name) => name.startsWith('b') && name.includes(':'))).toEqual([]);
  });

  it('lets a small source be prepared although a greedy one has used up the places', () => {
    const bench = new Bench({ slow: 100, small: 2 }, { autoPrepareMs: 2 });
    for (let i = 0; i < 5; i++) bench.push('a', { graph: 'slow', raw: true, keep: 'every' });
    bench.clock.advanceMs(50);
    bench.push('b', { graph: 'small', raw: true });
    bench.clock.advanceMs(60);
    expect(bench.results).toEqual(['a0', 'b5']);
  });

  it('drops a picture that its front end refuses, and goes on', () => {
    const bench = new Bench();
    bench.push('a', { raw: true, keep: 'every' });
    bench.push('a', { raw: true, keep: 'every' });
    const [bad, good] = bench.preparing;
    bench.scheduler.prepared(good!, ITEM, 1);
    bench.scheduler.prepareFailed(bad!, 'badPicture');
    bench.clock.advanceMs(20);
    expect(bench.results).toEqual(['a0:badPicture', 'a1']);
  });

  it('drops the calls of a worker that is lost, and goes on when it is back', () => {
    const bench = new Bench({ g: 10 });
    for (let i = 0; i < 3; i++) bench.push('a', { keep: 'every' });
    bench.clock.advanceMs(4);
    bench.scheduler.workerDown(0);
    expect(bench.results).toEqual(['a0:workerCrashed', 'a1:workerCrashed']);
    expect(bench.inFlight).toBe(1);
  });

  it('drops vectors with NaN and vectors that are no unit vectors', () => {
    const bench = new Bench();
    for (const lane of ['a', 'b']) bench.push(lane);
    bench.scheduler.ran(0, Float32Array.of(Number.NaN, 0), 1);
    bench.scheduler.ran(0, Float32Array.of(3, 4), 1);
    expect(bench.results).toEqual(['a0:notFinite', 'b1:notUnit']);
  });

  it('ignores what comes back for a lane that was removed', () => {
    const bench = new Bench({ g: 10 });
    for (let i = 0; i < 3; i++) bench.push('a', { keep: 'every' });
    bench.scheduler.remove(bench.lanes.get('a')!);
    bench.clock.advanceMs(100);
    expect(bench.results.sort()).toEqual(['a0:stopped', 'a1:stopped', 'a2:stopped']);
    expect(bench.inFlight).toBe(0);
  });

  it('stop waits for the calls that run and drops the rest', async () => {
    const bench = new Bench({ g: 10 });
    for (let i = 0; i < 4; i++) bench.push('a', { keep: 'every' });
    bench.clock.advanceMs(4);
    const stopped = bench.scheduler.stop();
    bench.clock.advanceMs(20);
    await stopped;
    expect(bench.results).toEqual(['a2:stopped', 'a3:stopped', 'a0', 'a1']);
    expect(bench.push('a')).toBe('a4');
    expect(bench.results.at(-1)).toBe('a4:stopped');
  });

  it('a job that runs may push the next one from its result', () => {
    const bench = new Bench({ g: 1 });
    const push = (n: number): void => {
      const lane = new Lane();
      const drop = (): void => expect.unreachable();
      bench.scheduler.push(lane, { graph: 'g', item: ITEM, drop, resolve: () => (n > 0 ? push(n - 1) : bench.results.push('end')) });
    };
    push(5);
    bench.clock.advanceMs(100);
    expect(bench.results).toEqual(['end']);
  });

  it('accounts for every window at every step', () => {
    const step = fc.oneof(
      fc.record({
        op: fc.constant('push' as const),
        lane: fc.constantFrom('a', 'b', 'c'),
        raw: fc.boolean(),
        isLight: fc.boolean(),
        graph: fc.constantFrom('g', 'slow'),
      }),
      fc.record({ op: fc.constant('wait' as const), ms: fc.nat(60) }),
    );
    const keeps = fc.record({ a: keep(), b: keep(), c: keep() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), keeps, fc.integer({ min: 1, max: 3 }), (steps, policies, workers) => {
        const bench = new Bench({ g: 7, slow: 40 }, { workers, autoPrepareMs: 3, maxBatch: () => 2 });
        const sums = (): void => expect(bench.emitted + bench.dropped + bench.inFlight).toBe(bench.pushed);
        for (const one of steps) {
          if (one.op === 'push')
            bench.push(one.lane, {
              graph: one.graph,
              raw: one.raw,
              isLight: one.isLight,
              keep: policies[one.lane as 'a'],
              queue: 3,
              staleAfterMs: 100,
            });
          else bench.clock.advanceMs(one.ms);
          sums();
        }
        bench.clock.advanceMs(10_000);
        sums();
        expect(bench.inFlight).toBe(0);
        for (const lane of ['a', 'b', 'c']) {
          const numbers = bench.results.filter((name) => name.startsWith(lane) && !name.includes(':')).map((name) => Number(name.slice(1)));
          expect(numbers).toEqual([...numbers].sort((x, y) => x - y));
        }
      }),
    );
  });
});

const keep = (): fc.Arbitrary<'freshest' | 'drop-oldest' | 'every'> => fc.constantFrom('freshest', 'drop-oldest', 'every');
