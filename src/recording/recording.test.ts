import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { McapWriter } from '@mcap/core';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../core/ledger.ts';
import { silentLog } from '../core/log.ts';
import { hostClock } from '../core/time.ts';
import type { Alert, Embedding, Payload, Reading } from '../core/types.ts';
import { decodePicture } from '../frontends/decode-picture.ts';
import { asItCame } from './as-it-came.ts';
import { readMcap } from './read-mcap.ts';
import { openRecording, type EventFilter, type Recording } from './open-recording.ts';
import type { RecordedEvent } from './recorded-event.ts';
import { Recorder, type RecorderOptions } from './recorder.ts';

const START_US = 1_700_000_000_000_000;
const session = {
  server: 'edgebind test',
  boot: 'b',
  startedUs: START_US,
  space: { id: 'abc', name: 'test', dim: 4 },
  folder: '/nowhere',
  config: {
    sources: [
      { id: 'cam', modality: 'image' as const, from: 'file:x' },
      { id: 'mic', modality: 'audio' as const, from: 'file:x' },
    ],
  },
  alerts: [],
};
const jpeg = (size: number): Payload => ({
  kind: 'encoded',
  bytes: Uint8Array.from({ length: size }, (_, i) => (i < 3 ? [0xff, 0xd8, 0xff][i]! : (i * 7919) >> 3)),
});
const alert = (cursor: number, endUs: number): Alert => ({
  cursor,
  id: `a-${cursor}`,
  rule: 'a',
  state: 'raised',
  source: 'cam',
  modality: 'image',
  score: 0.123456789,
  threshold: 0.1,
  startUs: endUs - 1,
  endUs,
  query: 'a thing',
});
const embedding = (endUs: number): Embedding => ({
  source: 'mic',
  modality: 'audio',
  space: 'abc',
  seq: 0,
  startUs: endUs - 1000,
  endUs,
  errorUs: 3,
  samples: { first: 1, last: 2, missing: 0 },
  coverage: 1,
  confidence: 0.25,
  vector: Float32Array.of(0.1, 0.2, 0.3, Math.fround(1 / 3)),
});

const folder = (): string => mkdtempSync(join(tmpdir(), 'edgebind-recording-'));

function recorder(options: Partial<RecorderOptions> & Pick<RecorderOptions, 'to'>): { recorder: Recorder; ledger: Ledger } {
  const ledger = new Ledger();
  return { ledger, recorder: new Recorder({ clock: hostClock, ledger, log: silentLog, server: 'edgebind test', ...options }) };
}

async function eventsOf(recording: Recording, filter?: EventFilter): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const event of recording.events(filter)) events.push(event);
  return events;
}

/** Two seconds of a camera at 10 Hz and an embedding and an alert each second. */
async function record(file: string): Promise<Ledger> {
  const { recorder: one, ledger } = recorder({ to: { file } });
  one.session(session);
  for (let i = 0; i < 20; i++) {
    const arrivalUs = START_US + i * 100_000;
    const sample = {
      source: 'cam',
      modality: 'image',
      seq: i,
      timeUs: arrivalUs - 7,
      durationUs: 0,
      errorUs: 7,
      payload: jpeg(5000),
    } as const;
    one.reading('cam', 'image', { arrivalUs, payload: sample.payload }, sample);
    if (i % 10 === 9) {
      one.embedding(embedding(arrivalUs));
      one.alert(alert(i, arrivalUs));
    }
  }
  await one.stop();
  return ledger;
}

const payloads: fc.Arbitrary<Payload> = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes): Payload => ({ kind: 'encoded', bytes })),
  fc.uint8Array({ minLength: 18, maxLength: 18 }).map((data): Payload => ({ kind: 'rgb24', width: 3, height: 2, data })),
  fc
    .array(fc.integer({ min: -32768, max: 32767 }), { maxLength: 40 })
    .map((whole): Payload => ({ kind: 'pcm', rateHz: 16_000, data: Float32Array.from(whole, (v) => v / 32768) })),
  fc.float32Array({ noNaN: true, maxLength: 40 }).map((data): Payload => ({ kind: 'pcm', rateHz: 44_100, data })),
  fc.float32Array({ minLength: 6, maxLength: 6 }).map((celsius): Payload => ({ kind: 'thermal', width: 3, height: 2, celsius })),
  fc.uint16Array({ minLength: 6, maxLength: 6 }).map((mm): Payload => ({ kind: 'depth', width: 2, height: 3, mm })),
  fc.float32Array({ noNaN: true, minLength: 6, maxLength: 6 }).map((values): Payload => ({ kind: 'imu', values })),
  fc.float32Array({ noNaN: true, minLength: 1, maxLength: 40 }).map((values): Payload => ({ kind: 'features', values })),
  fc.float32Array({ noNaN: true, minLength: 6, maxLength: 6 }).map((values): Payload => ({ kind: 'array', width: 3, height: 2, values })),
);
const readings: fc.Arbitrary<Reading> = fc.record(
  {
    arrivalUs: fc.integer({ min: START_US, max: START_US + 1e9 }),
    deviceUs: fc.double({ noNaN: true, noDefaultInfinity: true }),
    seq: fc.nat(),
    payload: payloads,
  },
  { requiredKeys: ['arrivalUs', 'payload'] },
);

describe('recordings', () => {
  it('give back every reading as it came, whatever is in it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(readings, { minLength: 60, maxLength: 150 }), async (given) => {
        const file = join(folder(), 'a.mcap');
        const { recorder: one, ledger } = recorder({ to: { file } });
        one.session(session);
        for (const reading of given) one.reading('any', 'image', reading, undefined);
        await one.stop();
        expect(ledger.sums).toBe(true);
        const events = await eventsOf(await openRecording([file]), { kinds: ['reading'] });
        // -0 and 0 are the same temperature and the same sound.
        expect(events.map((event) => event.kind === 'reading' && { ...event.reading })).toEqual(
          given.map((reading) => noMinusZero(reading)),
        );
      }),
      { numRuns: 3 },
    );
  });

  it('keep motion in its order among all else, also many readings in a message, and where another program wrote the messages anew', async () => {
    const step = fc.record({
      what: fc.constantFrom('wrist', 'ankle', 'cam', 'score'),
      waitUs: fc.nat({ max: 30_000 }),
      deviceUs: fc.oneof(fc.constant(undefined), fc.nat({ max: 2 ** 50 }), fc.constant(0.5)),
      seq: fc.option(fc.nat(), { nil: undefined }),
      hasSample: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 300, maxLength: 500 }), fc.boolean(), async (steps, packMotion) => {
        const file = join(folder(), 'a.mcap');
        let nowUs = START_US;
        const clock = { nowUs: () => nowUs, after: hostClock.after.bind(hostClock) };
        const { recorder: one, ledger } = recorder({ to: { file }, clock, packMotion });
        one.session(session);
        const expected: string[] = [];
        for (const [i, { what, waitUs, deviceUs, seq, hasSample }] of steps.entries()) {
          nowUs += waitUs;
          const payload: Payload = what === 'cam' ? jpeg(50) : { kind: 'imu', values: Float32Array.from([1, 2, 3, 4, 5, i]) };
          const modality = what === 'cam' ? 'image' : 'imu';
          if (what === 'score') {
            one.score({ rule: `${i}`, source: 'x', modality: 'imu', score: 0, threshold: 0, startUs: 0, endUs: nowUs });
            expected.push(`score ${i}`);
          } else {
            const reading = { arrivalUs: nowUs, ...(deviceUs !== undefined && { deviceUs }), ...(seq !== undefined && { seq }), payload };
            const times = { timeUs: nowUs - 100 + (i % 7), durationUs: 0, errorUs: i % 3 };
            const sample = hasSample ? { source: what, modality, seq: i, ...times, payload } : undefined;
            one.reading(what, modality, reading, sample);
            expected.push(JSON.stringify([what, reading.arrivalUs, deviceUs, seq, hasSample ? [i, times] : undefined, numbers(payload)]));
          }
        }
        await one.stop();
        expect(ledger.sums).toBe(true);
        const said = async (path: string): Promise<string[]> => {
          const recording = await openRecording([path]);
          const found = await eventsOf(recording, { kinds: ['reading', 'score'] });
          expect(recording.faults).toMatchObject({ badMessages: 0, badRecords: 0, missing: {} });
          return found.map((event) => {
            if (event.kind === 'score') return `score ${event.score.rule}`;
            if (event.kind !== 'reading') throw new Error(event.kind);
            const { reading, sample } = event;
            const { arrivalUs, deviceUs, seq, payload } = reading;
            const times = sample && { timeUs: sample.timeUs, durationUs: sample.durationUs, errorUs: sample.errorUs };
            return JSON.stringify([event.source, arrivalUs, deviceUs, seq, sample && [sample.seq, times], numbers(payload)]);
          });
        };
        expect(await said(file)).toEqual(expected);
        expect((await said(await writtenAnew(file))).sort()).toEqual(expected.sort());
      }),
      { numRuns: 3 },
    );
  });

  it('of the layout before, with a message for each reading of motion, are read', async () => {
    const events = await eventsOf(await openRecording([fileURLToPath(new URL('fixtures/format-1.mcap', import.meta.url))]));
    const motion = events.filter((event) => event.kind === 'reading');
    expect(motion).toHaveLength(40);
    for (const [i, { reading, sample }] of motion.entries()) {
      expect(reading).toEqual({
        arrivalUs: START_US + i * 5000,
        deviceUs: i * 5000,
        seq: i,
        payload: { kind: 'imu', values: Float32Array.of(i, 0, 9.81, 0.5, 0, -i) },
      });
      expect(sample).toMatchObject({ seq: i, timeUs: START_US + i * 5000 - 9, errorUs: 5 });
    }
  });

  it('keep of a picture that came as JPEG the JPEG, and give the same picture to the bit', async () => {
    const noise = { type: 'gaussian' as const, mean: 128, sigma: 60 };
    const jpegs = await sharp({ create: { width: 160, height: 120, channels: 3, noise, background: 'red' } })
      .jpeg({ quality: 95 })
      .toBuffer();
    const picture = { ...(await decodePicture(jpegs)), jpeg: jpegs };
    const file = join(folder(), 'a.mcap');
    const { recorder: one } = recorder({ to: { file } });
    one.session(session);
    one.reading('cam', 'image', { arrivalUs: START_US, seq: 1, payload: picture }, undefined);
    await one.stop();
    expect(statSync(file).size).toBeLessThan(picture.data.length / 2);
    const [event] = await eventsOf(await openRecording([file]), { kinds: ['reading'] });
    if (event?.kind !== 'reading') throw new Error('no reading');
    expect(event.reading.payload).toEqual({ kind: 'encoded', bytes: new Uint8Array(jpegs) });
    const { payload } = (await asItCame(event)).reading;
    expect(payload).toMatchObject({ kind: 'rgb24', width: 160, height: 120 });
    expect(payload.kind === 'rgb24' && picture.data.every((value, i) => value === payload.data[i])).toBe(true);
  });

  it('keep events, alerts byte for byte, the ledger and the session in their order', async () => {
    const file = join(folder(), 'a.mcap');
    const ledger = await record(file);
    const recording = await openRecording([file]);
    expect(recording.sources).toEqual([
      { id: 'cam', modality: 'image' },
      { id: 'mic', modality: 'audio' },
    ]);
    const events = await eventsOf(recording);
    expect(recording.faults).toMatchObject({ truncated: [], badRecords: 0, badMessages: 0, missing: {} });
    const kinds = events.map((event) => event.kind);
    expect(kinds[0]).toBe('session');
    expect(kinds.filter((kind) => kind === 'reading')).toHaveLength(20);
    const alerts = events.flatMap((event) => (event.kind === 'alert' ? [JSON.stringify(event.alert)] : []));
    expect(alerts).toEqual([9, 19].map((i) => JSON.stringify(alert(i, START_US + i * 100_000))));
    const vectors = events.flatMap((event) => (event.kind === 'embedding' ? [event.embedding] : []));
    expect(vectors[0]).toEqual(embedding(START_US + 900_000));
    expect(events.flatMap((event) => (event.kind === 'reading' ? [event.sample?.timeUs] : []))[3]).toBe(START_US + 300_000 - 7);
    expect(ledger.lines().find(({ source, stage }) => source === 'cam' && stage === 'record')).toMatchObject({
      received: 20,
      emitted: 20,
      sums: true,
    });
  });

  it('can be read for some sources and a span of time only', async () => {
    const file = join(folder(), 'a.mcap');
    await record(file);
    const recording = await openRecording([file]);
    const some = await eventsOf(recording, { kinds: ['reading'], sinceUs: START_US + 500_000, untilUs: START_US + 800_000 });
    expect(some.map(({ atUs }) => atUs - START_US)).toEqual([500_000, 600_000, 700_000]);
    expect(await eventsOf(recording, { kinds: ['reading'], sources: ['mic'] })).toEqual([]);
  });

  it('cut anywhere give what is before the cut and say where it is; never more than was written', async () => {
    const file = join(folder(), 'a.mcap');
    await record(file);
    const whole = readFileSync(file);
    const all = (await eventsOf(await openRecording([file]))).map(({ kind, atUs }) => `${kind} ${atUs}`);
    const cut = `${file}.cut`;
    for (let length = 3000; length < whole.length; length += 9001) {
      writeFileSync(cut, whole.subarray(0, length));
      const recording = await openRecording([cut]).catch((error: unknown) => {
        expect(error).toMatchObject({ code: expect.stringMatching(/^RECORDING_(UNREADABLE|FOREIGN)$/) as string });
      });
      if (!recording) continue;
      const events = (await eventsOf(recording)).map(({ kind, atUs }) => `${kind} ${atUs}`);
      expect(events).toEqual(all.slice(0, events.length));
      if (events.length < all.length) expect(recording.faults.truncated).toHaveLength(1);
    }
  });

  it('without their index and summary give everything: no reader of ours needs them', async () => {
    const file = join(folder(), 'a.mcap');
    await record(file);
    const whole = readFileSync(file);
    const footer = 9 + 20 + 8;
    const summaryStart = Number(whole.readBigUInt64LE(whole.length - footer + 9));
    const end = Buffer.from(whole.subarray(whole.length - footer));
    end.fill(0, 9, 29);
    const bare = `${file}.bare`;
    writeFileSync(bare, Buffer.concat([whole.subarray(0, summaryStart), end]));
    const recording = await openRecording([bare]);
    expect(await eventsOf(recording)).toEqual(await eventsOf(await openRecording([file])));
    expect(recording.faults).toMatchObject({ truncated: [], badRecords: 0 });
  });

  it('with bytes changed anywhere end with an error of ours or with what still holds, and say that something was bad', async () => {
    const file = join(folder(), 'a.mcap');
    await record(file);
    const whole = readFileSync(file);
    const broken = `${file}.broken`;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.length - 9 }), fc.uint8Array({ minLength: 8, maxLength: 8 }), async (at, bytes) => {
        const copy = Buffer.from(whole);
        copy.set(bytes, at);
        writeFileSync(broken, copy);
        try {
          const recording = await openRecording([broken]);
          const events = await eventsOf(recording);
          expect(events.length).toBeLessThanOrEqual(60);
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^RECORDING_/) as string });
        }
      }),
      { numRuns: 60 },
    );
  });

  it('name what they are where they cannot be read', async () => {
    const dir = folder();
    const write = (name: string, bytes: Uint8Array): string => {
      writeFileSync(join(dir, name), bytes);
      return join(dir, name);
    };
    await expect(openRecording([join(dir, 'none.mcap')])).rejects.toThrow('is not there');
    await expect(openRecording([write('empty.mcap', Buffer.alloc(0))])).rejects.toThrow('has 0 bytes: it breaks off before');
    await expect(openRecording([write('text.mcap', Buffer.from('hello, this is text'))])).rejects.toThrow('is no MCAP file');
    await expect(openRecording([write('next.mcap', Buffer.from('894d43415039 0d0a'.replace(' ', ''), 'hex'))])).rejects.toThrow(
      'MCAP of version "9"',
    );
    await expect(openRecording([await foreign(dir, {})])).rejects.toThrow('was not recorded by EdgeBind');
    await expect(openRecording([await foreign(dir, { format: '7' })])).rejects.toThrow('format 7');
  });

  it('follow each other at a size, begin with what is needed to read them alone, and the oldest go', async () => {
    const dir = folder();
    const limits = { fileBytes: 100_000, fileMs: 3_600_000, folderBytes: 400_000, folderMs: 3_600_000 };
    const { recorder: one, ledger } = recorder({ to: { dir }, limits });
    one.session(session);
    for (let i = 0; i < 100; i++) one.reading('cam', 'image', { arrivalUs: START_US + i, seq: i, payload: jpeg(10_000) }, undefined);
    await one.stop();
    expect(ledger.sums).toBe(true);
    const files = readdirSync(dir).map((name) => join(dir, name));
    expect(files.length).toBeGreaterThan(2);
    const total = files.reduce((sum, file) => sum + statSync(file).size, 0);
    expect(total).toBeLessThanOrEqual(500_000);
    const last = await openRecording(files.slice(-1));
    expect(last.session.space.id).toBe('abc');
    const seqs = (await eventsOf(await openRecording([dir]), { kinds: ['reading'] })).map(
      (event) => event.kind === 'reading' && event.reading.seq,
    );
    expect(seqs.at(-1)).toBe(99);
    expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, i) => 100 - seqs.length + i));
  });

  it('keep raw data only around alerts where a trigger is set, and count the rest', async () => {
    const file = join(folder(), 'a.mcap');
    let nowUs = START_US;
    const trigger = { beforeMs: 1000, afterMs: 500, maxBytes: 1e8 };
    const { recorder: one, ledger } = recorder({
      to: { file },
      trigger,
      clock: { nowUs: () => nowUs, after: (ms, callback) => hostClock.after(ms, callback) },
    });
    one.session(session);
    for (let i = 0; i < 100; i++) {
      const arrivalUs = START_US + i * 100_000;
      nowUs = arrivalUs;
      one.reading('cam', 'image', { arrivalUs, seq: i, payload: jpeg(2000) }, undefined);
      if (i === 50) one.alert(alert(1, arrivalUs));
    }
    await one.stop();
    const readingsKept = await eventsOf(await openRecording([file]), { kinds: ['reading'] });
    expect(readingsKept.map((event) => event.kind === 'reading' && event.reading.seq)).toEqual(
      Array.from({ length: 16 }, (_, i) => 40 + i),
    );
    expect(ledger.lines().find(({ source }) => source === 'cam')).toMatchObject({
      emitted: 16,
      dropped: { outsideTrigger: 84 },
      inFlight: 0,
      sums: true,
    });
  });

  it('drop and count what a full queue and a full disk cannot take, without an error', async () => {
    const { recorder: full, ledger } = recorder({ to: { file: '/dev/full/no.mcap' } });
    full.session(session);
    full.reading('cam', 'image', { arrivalUs: START_US, payload: jpeg(10) }, undefined);
    await full.stop();
    expect(ledger.lines().find(({ source }) => source === 'cam')).toMatchObject({ dropped: { unwritable: 1 }, sums: true });
    expect(full.state.state).toBe('failed');

    const small = recorder({ to: { file: join(folder(), 'a.mcap') }, queueBytes: 50_000 });
    small.recorder.session(session);
    for (let i = 0; i < 20; i++) small.recorder.reading('cam', 'image', { arrivalUs: START_US + i, payload: jpeg(10_000) }, undefined);
    await small.recorder.stop();
    expect(small.ledger.lines().find(({ source }) => source === 'cam')).toMatchObject({
      received: 20,
      dropped: { queueFull: 16 },
      sums: true,
    });
  });
});

const numbers = (payload: Payload): number[] => (payload.kind === 'imu' ? [...payload.values] : []);

/** What a tool makes that copies messages into chunks of its own. */
async function writtenAnew(file: string): Promise<string> {
  const { writer, saveAs } = await otherWriter();
  const channels = new Map<number, number>();
  for await (const entries of readMcap(file, { isWhole: false, badRecords: 0 }))
    for (const entry of entries) {
      if (entry.type === 'Metadata') await writer.addMetadata(entry);
      else if (entry.type === 'Channel') channels.set(entry.id, await writer.registerChannel({ ...entry, schemaId: 0 }));
      else await writer.addMessage({ ...entry, channelId: channels.get(entry.channelId) ?? 0 });
    }
  return saveAs(`${file}.anew`);
}

/** The writer of another program, which has begun. */
async function otherWriter(): Promise<{ writer: McapWriter; saveAs: (path: string) => Promise<string> }> {
  const parts: Uint8Array[] = [];
  const writable = {
    position: () => BigInt(parts.reduce((sum, { length }) => sum + length, 0)),
    write: (bytes: Uint8Array) => Promise.resolve(void parts.push(bytes.slice())),
  };
  const writer = new McapWriter({ writable });
  await writer.start();
  const saveAs = async (path: string): Promise<string> => {
    await writer.end();
    writeFileSync(path, Buffer.concat(parts));
    return path;
  };
  return { writer, saveAs };
}

const noMinusZero = (reading: Reading): Reading =>
  reading.payload.kind === 'pcm'
    ? { ...reading, payload: { ...reading.payload, data: reading.payload.data.map((value) => value + 0) } }
    : reading;

/** An MCAP file that somebody else's program wrote. */
async function foreign(dir: string, metadata: Record<string, string>): Promise<string> {
  const { writer, saveAs } = await otherWriter();
  if (metadata['format']) await writer.addMetadata({ name: 'edgebind', metadata: new Map(Object.entries(metadata)) });
  const channelId = await writer.registerChannel({ schemaId: 0, topic: '/x', messageEncoding: 'json', metadata: new Map() });
  await writer.addMessage({ channelId, sequence: 0, logTime: 1n, publishTime: 1n, data: Buffer.from('{}') });
  return saveAs(join(dir, `foreign${metadata['format'] ?? ''}.mcap`));
}
