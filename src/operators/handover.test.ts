import fc from 'fast-check';
import { BehaviorSubject, delay, map, of, pipe, Subject, tap, throwError, type OperatorFunction } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../core/ledger.ts';
import type { Imu, Sample, Window } from '../core/types.ts';
import { handover, type Successor } from './handover.ts';
import { windows, type WindowsOptions } from './windows.ts';

type Span = WindowsOptions;

const SLIDING: Span = {
  kind: 'sliding',
  sizeMs: 100,
  hopMs: 50,
  latenessMs: 20,
  closeWhenWhole: true,
  gapMs: 35,
  count: 7,
  everyCount: 7,
  minChange: 0,
};

class TestModel implements Successor<Span> {
  readonly expired$ = new Subject<void>();
  readonly name: string;
  readonly #span: Span;
  users = 0;

  constructor(name: string, span: Span = SLIDING) {
    this.name = name;
    this.#span = span;
  }

  readonly window = (): Span => this.#span;
  readonly hold = (): (() => void) => {
    this.users++;
    return () => {
      this.users--;
    };
  };
}

const sample = (seq: number, timeMs: number, durationMs = 0): Sample<Imu> => ({
  source: 'wrist',
  modality: 'imu',
  seq,
  timeUs: timeMs * 1000,
  durationUs: durationMs * 1000,
  errorUs: 0,
  payload: { kind: 'imu', values: new Float32Array(6) },
});

type Result = readonly [model: string, startMs: number];
const named = (model: TestModel): OperatorFunction<Window<Imu>, Result> => map(({ startUs }) => [model.name, startUs / 1000]);

/** Feeds samples; the numbers say after which of them a new model comes. */
function run(samples: readonly Sample<Imu>[], changes: readonly number[], more: Partial<Span> = {}) {
  const span = { ...SLIDING, ...more };
  const models = changes.map((_, i) => new TestModel(`m${i + 1}`, span));
  const first = new TestModel('m0', span);
  const models$ = new BehaviorSubject(first);
  const samples$ = new Subject<Sample<Imu>>();
  const results: Result[] = [];
  const seqs: number[] = [];
  const stage = new Ledger().stage('wrist', 'window');
  let isComplete = false;
  samples$
    .pipe(
      handover({ source: 'wrist', models$, stage }, (model, window) =>
        pipe(
          windows<Imu>({ ...window, stage }),
          tap(({ members }) => seqs.push(...members.map(({ seq }) => seq))),
          named(model),
        ),
      ),
    )
    .subscribe({ next: (one) => results.push(one), complete: () => (isComplete = true) });
  for (const [i, one] of samples.entries()) {
    samples$.next(one);
    for (const [k, at] of changes.entries()) if (at === i && models[k]) models$.next(models[k]);
  }
  const usersBefore = [first, ...models].map(({ users }) => users);
  samples$.complete();
  return { results, seqs, stage, isComplete, usersBefore, users: [first, ...models].map(({ users }) => users) };
}

const steady = (count: number, everyMs: number, durationMs = 0): Sample<Imu>[] =>
  Array.from({ length: count }, (_, i) => sample(i, i * everyMs, durationMs));

describe('handover', () => {
  it('gives windows that begin before the change to the old model, later ones to the new, each once and in order', () => {
    const samples = steady(60, 10);
    const whole = run(samples, []).results.map(([, start]) => start);
    const { results, isComplete, usersBefore, users } = run(samples, [25]);
    expect(results.map(([, start]) => start)).toEqual(whole);
    expect(results.filter(([model]) => model === 'm0').every(([, start]) => start <= 250)).toBe(true);
    expect(results.filter(([model]) => model === 'm1').every(([, start]) => start > 250)).toBe(true);
    expect(usersBefore).toEqual([0, 1]);
    expect(users).toEqual([0, 0]);
    expect(isComplete).toBe(true);
  });

  it('loses, doubles and misplaces no window, wherever models change and however samples come', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 199 }), { maxLength: 4 }),
        fc.constantFrom(0, 10),
        fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 200, maxLength: 200 }),
        fc.constantFrom('sliding', 'tumbling', 'frame'),
        (changes, durationMs, jitter, kind) => {
          // Late within the lateness, out of order, some missing.
          const samples = steady(200, 10, durationMs)
            .map((one, i) => ({ one, arrival: i * 10 + (jitter[i] ?? 0) }))
            .filter((_, i) => jitter[i] !== 7)
            .sort((a, b) => a.arrival - b.arrival)
            .map(({ one }) => one);
          const sorted = [...changes].sort((a, b) => a - b);
          const whole = run(samples, [], { kind });
          const { results, users, stage } = run(samples, sorted, { kind });
          const starts = (some: readonly Result[]): number[] => some.map(([, start]) => start).sort((a, b) => a - b);
          expect(starts(results)).toEqual(starts(whole.results));
          // Each sample is counted once, those in windows of two models once more, under a name.
          const { received, noted } = stage.line();
          expect(received - (noted['shared'] ?? 0)).toBe(samples.length);
          const order = results.map(([model]) => Number(model.slice(1)));
          expect(order).toEqual([...order].sort((a, b) => a - b));
          expect(users.every((count) => count === 0)).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('puts each sample into one window of one model, where nobody knows beforehand when windows end', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 99 }), { maxLength: 3 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 100, maxLength: 100 }),
        fc.constantFrom('session', 'count', 'change'),
        (changes, gaps, kind) => {
          let timeMs = 0;
          const samples = gaps.map((gap, i) => sample(i, (timeMs += gap)));
          const sorted = [...changes].sort((a, b) => a - b);
          const { seqs, stage } = run(samples, sorted, { kind });
          expect(seqs.sort((a, b) => a - b)).toEqual(samples.map(({ seq }) => seq));
          expect(stage.line().received).toBe(samples.length);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('gives each picture to one model, the next one at once', () => {
    const { results, usersBefore } = run(steady(6, 100), [2], { kind: 'frame', latenessMs: 0 });
    expect(results).toEqual([0, 100, 200, 300, 400, 500].map((start) => [start <= 200 ? 'm0' : 'm1', start]));
    expect(usersBefore).toEqual([0, 1]);
  });

  it('holds what the new model makes until the old one has made its last', async () => {
    const models$ = new BehaviorSubject(new TestModel('slow', { ...SLIDING, kind: 'frame', latenessMs: 0 }));
    const samples$ = new Subject<Sample<Imu>>();
    const results: string[] = [];
    const done = new Promise<void>((resolve) => {
      samples$
        .pipe(
          handover({ source: 'wrist', models$ }, ({ name }) =>
            pipe(
              map(() => name),
              delay(name === 'slow' ? 30 : 0),
            ),
          ),
        )
        .subscribe({ next: (one) => results.push(one), complete: resolve });
    });
    samples$.next(sample(0, 0));
    models$.next(new TestModel('quick', { ...SLIDING, kind: 'frame', latenessMs: 0 }));
    samples$.next(sample(1, 10));
    samples$.complete();
    await done;
    expect(results).toEqual(['slow', 'quick']);
  });

  it('ends an old model that is told to: its open windows are closed as they are', () => {
    const old = new TestModel('old');
    const models$ = new BehaviorSubject(old);
    const samples$ = new Subject<Sample<Imu>>();
    const results: Result[] = [];
    samples$
      .pipe(
        handover({ source: 'wrist', models$ }, (model, window) => pipe(windows<Imu>({ ...window, closeWhenWhole: false }), named(model))),
      )
      .subscribe((one) => results.push(one));
    samples$.next(sample(0, 1000));
    models$.next(new TestModel('new'));
    expect([results, old.users]).toEqual([[], 1]);
    old.expired$.next();
    expect([results, old.users]).toEqual([
      [
        ['old', 950],
        ['old', 1000],
      ],
      0,
    ]);
  });

  it('never: nothing; unsubscribing lets go of every model; an error inside is an error outside', () => {
    const model = new TestModel('m');
    const subscription = new Subject<Sample<Imu>>()
      .pipe(
        handover({ source: 'wrist', models$: new BehaviorSubject(model) }, (_, window) =>
          windows<Imu>({ ...window, closeWhenWhole: false }),
        ),
      )
      .subscribe();
    expect(model.users).toBe(1);
    subscription.unsubscribe();
    expect(model.users).toBe(0);
    const errors: unknown[] = [];
    const fail = (build: () => OperatorFunction<Sample<Imu>, never>): void => {
      of(sample(0, 0))
        .pipe(handover({ source: 'wrist', models$: new BehaviorSubject(model) }, build))
        .subscribe({ error: (error: unknown) => errors.push(error) });
    };
    fail(() => () => throwError(() => 'inside'));
    fail(() => {
      throw new Error('no encoder');
    });
    expect(errors).toEqual(['inside', new Error('no encoder')]);
    expect(model.users).toBe(0);
  });
});
