/** Senders whose stamps are wrong, over a real broker into a real run: each ends in a named result, and the ledger sums. */
import { connectAsync } from 'mqtt';
import { afterAll, expect, it } from 'vitest';
import type { LedgerLine } from '../src/core/ledger.ts';
import { startEdgeBind } from './helpers/edgebind-process.ts';
import { startMosquitto } from './helpers/mosquitto.ts';
import { writeTestBundle } from './helpers/test-bundle.ts';
import { until } from './helpers/until.ts';

const broker = await startMosquitto();
afterAll(() => broker.stop());

const MESSAGES = 400;
const STEP_US = 10_000;

/** What the property `timeUs` of message `i` says, sent at `nowUs`. */
const SENDERS: Readonly<Record<string, (nowUs: number, i: number) => string | undefined>> = {
  good: (nowUs) => `${nowUs}`,
  none: () => undefined,
  hourAhead: (nowUs) => `${nowUs + 3600e6}`,
  jumpsAhead: (nowUs, i) => `${nowUs + (i % 50 === 49 ? 86_400e6 * 400 : 0)}`,
  zero: () => '0',
  nan: () => 'NaN',
  words: () => 'yesterday',
  infinite: () => '1e400',
  negative: (nowUs) => `${-nowUs}`,
  milliseconds: (nowUs) => `${Math.round(nowUs / 1000)}`,
  seconds: (nowUs) => `${nowUs / 1e6}`,
  wholeSeconds: (nowUs) => `${Math.round(nowUs / 1e6)}`,
  nanoseconds: (nowUs) => `${BigInt(nowUs) * 1000n}`,
  decreasing: (nowUs, i) => `${nowUs - 2 * i * STEP_US}`,
  repeated: (nowUs, i) => `${nowUs - (i % 2) * STEP_US}`,
};

interface SourceSaid {
  readonly id: string;
  readonly state: string;
  readonly reason: string;
  readonly clock: { readonly phase: string; readonly offsetUs: number };
}

interface Wanted {
  readonly reason: RegExp;
  /** What is dropped in the ledger's stages `input` and `clock`, and what is noted there. */
  readonly input?: Readonly<Record<string, number>>;
  readonly clock?: Readonly<Record<string, unknown>>;
  readonly noted?: readonly string[];
  readonly check?: (said: SourceSaid) => void;
}

const noNumber: Wanted = {
  reason: /^messages on bad\/\w+ do not fit: the user property timeUs is ".*"; wanted a time of at most 2\^61$/,
  input: { badEnvelope: MESSAGES },
  check: ({ state }) => expect(['starting', 'silent']).toContain(state),
};
const otherUnit = (unit: string): Wanted => ({ reason: new RegExp(`stamps are in ${unit}, not microseconds`), noted: ['wrongUnit'] });

const WANTED: Readonly<Record<keyof typeof SENDERS, Wanted>> = {
  good: { reason: /^$/ },
  none: { reason: /^$/ },
  // A clock that is wrong by an hour is a clock: its offset is found.
  hourAhead: { reason: /^$/, check: ({ clock }) => expect(Math.abs(clock.offsetUs + 3600e6)).toBeLessThan(1e6) },
  jumpsAhead: { reason: /s from its arrival: such readings are dropped as badStamp/, clock: { badStamp: MESSAGES / 50 } },
  zero: { reason: /the stamp stands still at 0: readings count as of their arrival/, noted: ['stuckStamp'] },
  nan: noNumber,
  words: noNumber,
  infinite: noNumber,
  negative: { reason: /./, noted: ['decreasingStamp', 'segments'] },
  milliseconds: otherUnit('milliseconds'),
  seconds: otherUnit('seconds'),
  wholeSeconds: { reason: /stamps are whole seconds: readings count as of their arrival/, noted: ['wrongUnit'] },
  nanoseconds: otherUnit('nanoseconds'),
  decreasing: {
    reason: /the sender's clock stepped by -/,
    clock: expect.any(Object) as Record<string, unknown>,
    noted: ['decreasingStamp'],
  },
  repeated: { reason: /^$/, noted: ['repeatedStamp', 'decreasingStamp'] },
};

it('names what is wrong with a stamp, whatever it is', async () => {
  const sources = Object.keys(SENDERS).map((id) => `  - {id: ${id}, modality: imu, from: "mqtt:bad/${id}", format: imu-f32}`);
  const edgebind = await startEdgeBind(`
model: ${await writeTestBundle({ imu: {} })}
broker: {url: "${broker.url}"}
sources:
${sources.join('\n')}
`);
  const client = await connectAsync(broker.url, { protocolVersion: 5 });
  const startMs = Date.now();
  for (let i = 0; i < MESSAGES; i++) {
    const waitMs = startMs + (i * STEP_US) / 1000 - Date.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const payload = Buffer.from(Float32Array.from({ length: 6 }, (_, axis) => Math.sin(i / 7 + axis)).buffer);
    for (const [id, stampOf] of Object.entries(SENDERS)) {
      const timeUs = stampOf(Date.now() * 1000, i);
      client.publish(`bad/${id}`, payload, { properties: timeUs === undefined ? {} : { userProperties: { timeUs } } });
    }
  }
  await client.endAsync();
  const lineOf = async (source: string, stage: string): Promise<LedgerLine | undefined> =>
    (await edgebind.ledger()).find((line) => line.source === source && line.stage === stage);
  await until('all messages', async () => (await lineOf('repeated', 'input'))?.received === MESSAGES);
  const { sources: states } = (await edgebind.get('/api/v1/status')) as { sources: readonly SourceSaid[] };
  for (const [id, { reason, input = {}, clock = {}, noted = [], check }] of Object.entries(WANTED)) {
    const said = states.find((one) => one.id === id);
    const [atInput, atClock] = [await lineOf(id, 'input'), await lineOf(id, 'clock')];
    expect.soft(said?.reason, id).toMatch(reason);
    expect.soft(atInput, id).toMatchObject({ received: MESSAGES, dropped: input });
    expect.soft(atClock, id).toMatchObject({ received: atInput?.emitted, dropped: clock });
    for (const word of noted) expect.soft(atClock?.noted[word] ?? 0, `${id} ${word}`).toBeGreaterThan(0);
    if (said) check?.(said);
  }
  expect(edgebind.log()).toContain('the user property timeUs is \\"NaN\\"; wanted a time of at most 2^61');
  expect((await edgebind.ledger()).filter(({ sums }) => !sums)).toEqual([]);
  expect((await edgebind.stop('SIGTERM')).code).toBe(0);
}, 240_000);
