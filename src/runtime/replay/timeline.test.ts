import { delay, filter, map, mergeMap, of, Subject, type Observable } from 'rxjs';
import { expect, it } from 'vitest';
import type { Fused, FusionTick } from '../../core/fused.ts';
import type { Embedding } from '../../core/types.ts';
import type { RecordedEvent } from '../../recording/recorded-event.ts';
import { FreshTimeline, RecordedTimeline, type Timeline } from './timeline.ts';
import { ReplayWorld } from './replay-world.ts';

const at = { space: 's', seq: 0, startUs: 0, errorUs: 0, vector: new Float32Array(1) };
const embedding = (endUs: number): Embedding => ({
  ...at,
  source: 'mic',
  modality: 'audio',
  endUs,
  coverage: 1,
  samples: { first: endUs, last: endUs, missing: 0 },
});
const fused = (tickUs: number, weights = {}): Fused => ({
  ...at,
  source: 'fused',
  tickUs,
  endUs: tickUs,
  present: ['mic'],
  missing: [],
  held: [],
  weights,
});
const tick = (tickUs: number): FusionTick => ({ tickUs, present: [], missing: [], held: [] });

/** Each embedding is a tick of fusion as well; the graph takes so long to answer one, and drops those for which it has no time to name. */
async function decided(
  run: (world: ReplayWorld, timeline: Timeline) => void,
  graphMs: (tickUs: number) => number | undefined,
  isAnew = false,
): Promise<string[]> {
  const said: string[] = [];
  const world = new ReplayWorld({ startUs: 0, stateDir: '', listens: false, onAlert: () => undefined });
  const ticks$ = new Subject<FusionTick>();
  world
    .fuse({
      fuse:
        ({ onDrop } = {}) =>
        (begun$: Observable<FusionTick>) =>
          begun$.pipe(
            filter(({ tickUs }) => {
              if (graphMs(tickUs) === undefined) onDrop?.(tickUs, 'failed');
              return graphMs(tickUs) !== undefined;
            }),
            mergeMap(({ tickUs }) => of(tickUs).pipe(delay(graphMs(tickUs) ?? 0))),
            map((tickUs) => fused(tickUs)),
          ),
    })(ticks$)
    .subscribe(({ tickUs }) => said.push(`fused ${tickUs}`));
  let decisions = Promise.resolve();
  const decide = (step: () => void | Promise<void>): void => void (decisions = decisions.then(step));
  const timeline = isAnew ? new FreshTimeline(world, decide, 200) : new RecordedTimeline(world, decide, () => undefined);
  for (const endUs of [100, 200, 300]) {
    const one = embedding(endUs);
    world.encode.refuse?.(one);
    world.embedding(one, () => {
      said.push(`embedding ${endUs}`);
      ticks$.next(tick(endUs));
    });
  }
  run(world, timeline);
  await decisions;
  if (timeline instanceof RecordedTimeline) said.push(`not made ${timeline.notMade}`);
  return said;
}

const events = (...order: readonly (readonly ['embedding' | 'fused', number])[]): readonly RecordedEvent[] =>
  order.map(([kind, us], i) =>
    kind === 'fused'
      ? { kind, atUs: 1000 + i, source: 'fused', fused: fused(us) }
      : { kind, atUs: 1000 + i, source: 'mic', embedding: embedding(us) },
  );

const asRecorded =
  (recorded: readonly RecordedEvent[]) =>
  (_world: ReplayWorld, timeline: Timeline): void => {
    for (const event of recorded) timeline.event(event);
  };

it.each([
  ['at once', (): number => 0],
  ['late', (): number => 30],
  ['in another order', (tickUs: number): number => 40 - tickUs / 10],
])('judges joint vectors where the recorded run did, also where the graph answers %s', async (_name, graphMs) => {
  const recorded = events(['embedding', 100], ['embedding', 200], ['fused', 100], ['fused', 200], ['embedding', 300], ['fused', 300]);
  expect(await decided(asRecorded(recorded), graphMs)).toEqual([
    'embedding 100',
    'embedding 200',
    'fused 100',
    'fused 200',
    'embedding 300',
    'fused 300',
    'not made 0',
  ]);
});

it('leaves out moments that the recorded run did not fuse, and counts those that the graph does not make again', async () => {
  const recorded = events(['embedding', 100], ['embedding', 200], ['fused', 200], ['embedding', 300], ['fused', 300]);
  expect(await decided(asRecorded(recorded), (tickUs) => (tickUs === 300 ? undefined : 5))).toEqual([
    'embedding 100',
    'embedding 200',
    'fused 200',
    'embedding 300',
    'not made 1',
  ]);
});

it('takes recordings that do not say the tick in their order, and asks nothing of late fusion', async () => {
  const old = events(['embedding', 100], ['embedding', 200], ['fused', 100]).map((event) =>
    event.kind === 'fused' ? { ...event, fused: { ...event.fused, tickUs: undefined } } : event,
  );
  const late: RecordedEvent = { kind: 'fused', atUs: 2000, source: 'fused', fused: fused(200, { mic: 1 }) };
  expect(await decided(asRecorded([...old, late]), () => 3)).toEqual(['embedding 100', 'embedding 200', 'fused 100', 'not made 0']);
});

it('decides anew as if the graph took no time', async () => {
  const all = ['embedding 100', 'fused 100', 'embedding 200', 'fused 200', 'embedding 300', 'fused 300'];
  for (const ms of [0, 20])
    expect(
      await decided(
        (_world, timeline) => timeline.end(),
        () => ms,
        true,
      ),
    ).toEqual(all);
});
