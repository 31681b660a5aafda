import { Background } from '../src/space/background.ts';
import { report, type BenchOptions, type BenchReport, type BenchResult } from './report.ts';
import { seeded } from '../src/space/bind/seeded.ts';
import {
  atEqualAlarms,
  countAlarms,
  interval,
  recall,
  APART_SECONDS,
  sumOf,
  zScores,
  type Count,
  type ScoredStream,
} from './count-alarms.ts';
import { randomScores, TAIL_KINDS, type TailKind } from './random-scores.ts';
import { writeMarked } from './write-marked.ts';

export const name = 'false-alarms';

const ASKED = 2;
const HZ = 2;
const HOURS = 10;
const EVENT_SECONDS = 4;

/** Ten hours of scores of a known tail. */
interface Truth extends ScoredStream {
  readonly tail: TailKind;
}

/**
 * Streams with known tails, each with a level, a spread and a day of its own, and an event of four seconds every two hours or so.
 * False alarms a day against what was asked; and what share of the events is found by ours, by one fixed cosine for all streams, and
 * by Frigate's rule (the z-score over everything that was ever scored, one threshold), the last two set to ours' number of false alarms.
 */
export function run({ quick = false }: BenchOptions = {}): Promise<BenchReport> {
  const streams: Truth[] = [];
  const seeds = quick ? 1 : 6;
  for (const tail of TAIL_KINDS)
    for (const correlation of [0, 0.9])
      for (let seed = 1; seed <= seeds; seed++) streams.push(makeStream(tail, correlation, 97 * seed + streams.length));
  const ours = streams.map((stream) => judgeOurs(stream));
  const total = sumOf(ours);
  const fixed = atEqualAlarms(streams, total.alarms, (stream) => stream.scores);
  const normalised = zScores(streams);
  const frigate = atEqualAlarms(streams, total.alarms, (_, i) => normalised[i] ?? new Float32Array());
  const [low, high] = interval(ours);
  const perDay = total.alarms / total.days;
  const results: BenchResult[] = [
    result('false alarms a day', perDay, ASKED, 'measured over asked; nearest to 1 is best', streams.length, (high - low) / perDay),
    result(
      'recall, against a fixed cosine',
      recall(total),
      recall(fixed),
      'share of events found at equal false alarms; more is better',
      streams.length,
      0,
    ),
    result(
      "recall, against Frigate's rule",
      recall(total),
      recall(frigate),
      'share of events found at equal false alarms; more is better',
      streams.length,
      0,
    ),
  ];
  if (!quick) writePage(streams, ours, { perDay, low, high, fixed, frigate });
  return Promise.resolve(report(name, results));
}

function makeStream(tail: TailKind, correlation: number, seed: number): Truth {
  const next = randomScores({ tail, correlation, seed });
  const uniform = seeded(seed + 1e6);
  const level = 0.05 + 0.3 * uniform();
  const spread = 0.008 + 0.012 * uniform();
  const phase = 2 * Math.PI * uniform();
  const length = HOURS * 3600 * HZ;
  const scores = new Float32Array(length);
  const events = new Uint16Array(length);
  let event = 0;
  let nextAt = Math.floor(3600 * HZ * (1 + 2 * uniform()));
  let height = 0;
  for (let i = 0; i < length; i++) {
    const day = Math.sin((4 * Math.PI * i) / HZ / 86_400 + phase);
    const nowSpread = spread * (1 + 0.3 * day);
    if (i === nextAt) {
      event++;
      height = 14 + 10 * uniform();
    }
    const isEvent = i >= nextAt && i < nextAt + EVENT_SECONDS * HZ;
    if (i === nextAt + EVENT_SECONDS * HZ) nextAt = i + Math.floor(3600 * HZ * (1 + 2 * uniform()));
    scores[i] = level + 3 * spread * day + nowSpread * (next() + (isEvent ? height : 0));
    if (isEvent) events[i] = event;
  }
  return { tail, hz: HZ, scores, events, from: 0 };
}

function judgeOurs(stream: Truth): Count {
  const background = new Background(ASKED);
  const { scores } = stream;
  let threshold: number | undefined;
  let isRaised = false;
  const thresholds = new Float64Array(scores.length).fill(Number.POSITIVE_INFINITY);
  const clears = new Float64Array(scores.length);
  let deafUntil = 0;
  for (const [i, score] of scores.entries()) {
    ({ threshold } = background);
    if (threshold === undefined) stream.from = i + 1;
    else {
      thresholds[i] = threshold;
      clears[i] = background.clearBelow(threshold);
      if (isRaised && score < (clears[i] ?? 0)) {
        isRaised = false;
        deafUntil = i + APART_SECONDS * HZ;
      } else if (!isRaised && i >= deafUntil && score >= threshold) isRaised = true;
    }
    background.push(score, (i / HZ + 1) * 1e6, isRaised);
  }
  return countAlarms(
    stream,
    (i) => (scores[i] ?? 0) >= (thresholds[i] ?? 0),
    (i) => (scores[i] ?? 0) < (clears[i] ?? 0),
  );
}

const result = (title: string, ours: number, opponent: number, unit: string, runs: number, spread: number): BenchResult => ({
  case: title,
  ours: Number(ours.toPrecision(4)),
  opponent: Number(opponent.toPrecision(4)),
  ratio: Number((ours / opponent).toPrecision(4)),
  unit,
  runs,
  spread: Number(spread.toPrecision(4)),
});

interface Summary {
  readonly perDay: number;
  readonly low: number;
  readonly high: number;
  readonly fixed: Count;
  readonly frigate: Count;
}

/** The table and the plot, into the page. */
function writePage(streams: readonly Truth[], ours: readonly Count[], { perDay, low, high, fixed, frigate }: Summary): void {
  const rows = TAIL_KINDS.map((tail) => {
    const mine = sumOf(ours.filter((_, i) => streams[i]?.tail === tail));
    return { tail, perDay: mine.alarms / mine.days, recall: recall(mine) };
  });
  writeMarked('docs/alerts.md', name, [
    `${streams.length} streams of ${HOURS} hours at ${HZ} scores a second, asked: ${ASKED} false alarms a day. Measured: **${perDay.toFixed(2)} a day** (90 % interval ${low.toFixed(2)} to ${high.toFixed(2)}).`,
    '',
    '| tail of the background | false alarms a day | share of events found |',
    '| --- | --- | --- |',
    ...rows.map((row) => `| ${row.tail} | ${row.perDay.toFixed(2)} | ${row.recall.toFixed(2)} |`),
    '',
    '| at the same number of false alarms | share of events found |',
    '| --- | --- |',
    `| falseAlarmsPerDay: ${ASKED} | ${recall(sumOf(ours)).toFixed(3)} |`,
    `| one fixed cosine | ${recall(fixed).toFixed(3)} |`,
    `| Frigate's rule | ${recall(frigate).toFixed(3)} |`,
    '',
    '```text',
    ...rows.map((row) => `${row.tail.padEnd(12)} ${'#'.repeat(Math.round(10 * row.perDay)).padEnd(40)} ${row.perDay.toFixed(2)}`),
    `${'asked'.padEnd(12)} ${'='.repeat(10 * ASKED).padEnd(40)} ${ASKED.toFixed(2)}`,
    '```',
  ]);
}
