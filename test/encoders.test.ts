import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import sharp from 'sharp';
import { filter, firstValueFrom, Subject, take, toArray } from 'rxjs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Encoders } from '../src/core/encoder.ts';
import { Ledger } from '../src/core/ledger.ts';
import { silentLog } from '../src/core/log.ts';
import type { EncodeInput, Embedding, Modality } from '../src/core/types.ts';
import { openBundle } from '../src/encoders/bundle.ts';
import { startEncoders, type EncodersOptions } from '../src/encoders/encoder-pool.ts';
import { dot } from '../src/space/vector.ts';
import { noise } from './helpers/onnx-writer.ts';
import { TEST_DIM, testShape, writeTestBundle, type TestModality } from './helpers/test-bundle.ts';

const folders: string[] = [];
const running: Encoders[] = [];
let quick = '';
let slow = '';

beforeAll(async () => {
  quick = await writeTestBundle({ imu: {}, audio: {}, image: {} });
  slow = await writeTestBundle({ imu: {}, audio: { layers: 60 } });
  folders.push(quick, slow);
});
afterEach(async () => {
  for (const encoders of running.splice(0)) await encoders.stop();
});
afterAll(async () => {
  for (const dir of folders) await rm(dir, { recursive: true, force: true });
});

async function start(dir: string, options: Partial<EncodersOptions> = {}): Promise<{ encoders: Encoders; ledger: Ledger }> {
  const ledger = options.ledger ?? new Ledger();
  const encoders = await startEncoders(await openBundle(dir), { workers: 1, ...options, ledger });
  running.push(encoders);
  return { encoders, ledger };
}

function tensorWindow(source: string, modality: TestModality & Modality, seq: number): EncodeInput {
  const shape = testShape(modality);
  const data = noise(
    shape.reduce((a, b) => a * b, 1),
    seq + 1,
  );
  const samples = { first: seq, last: seq, missing: 0 };
  return { source, modality, startUs: seq * 1000, endUs: seq * 1000 + 1000, errorUs: 5, samples, coverage: 1, tensor: { shape, data } };
}

describe('encoders on real onnxruntime and real threads', () => {
  it('gives each window its unit vector, in order, with what is known of the window', async () => {
    const { encoders, ledger } = await start(quick, { workers: 2 });
    const windows$ = new Subject<EncodeInput>();
    const all = firstValueFrom(windows$.pipe(encoders.encode('wrist', { keep: 'every', queue: 100 }), toArray()));
    for (let i = 0; i < 50; i++) windows$.next(tensorWindow('wrist', 'imu', i % 25));
    windows$.complete();
    const embeddings = await all;
    expect(embeddings.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(embeddings[7]).toMatchObject({
      source: 'wrist',
      modality: 'imu',
      startUs: 7000,
      endUs: 8000,
      errorUs: 5,
      space: encoders.space.id,
    });
    for (const { vector } of embeddings) expect(Math.sqrt(dot(vector, vector))).toBeCloseTo(1, 5);
    // Equal windows give equal vectors, bit for bit, whichever worker and whichever batch they were in.
    for (let i = 0; i < 25; i++) expect(embeddings[i]?.vector).toEqual(embeddings[i + 25]?.vector);
    expect(dot(embeddings[0]!.vector, embeddings[1]!.vector)).toBeLessThan(0.99);
    expect(ledger.lines()).toMatchObject([{ source: 'wrist', stage: 'encode', received: 50, emitted: 50, inFlight: 0, sums: true }]);
  });

  it('under overload keeps the freshest, and the ledger sums at every step', async () => {
    const { encoders, ledger } = await start(slow);
    const windows$ = new Subject<EncodeInput>();
    const embeddings: Embedding[] = [];
    windows$.pipe(encoders.encode('mic')).subscribe((embedding) => {
      expect(ledger.sums).toBe(true);
      embeddings.push(embedding);
    });
    for (let i = 0; i < 200; i++) {
      windows$.next(tensorWindow('mic', 'audio', i));
      expect(ledger.sums).toBe(true);
      if (i % 4 === 3) await new Promise((resolve) => setImmediate(resolve));
    }
    await encoders.stop();
    const [line] = ledger.lines();
    expect(line).toMatchObject({ received: 200, emitted: embeddings.length, inFlight: 0, sums: true });
    expect(line?.dropped['superseded']).toBeGreaterThan(100);
    expect(embeddings.length).toBeGreaterThan(0);
  });

  it('a greedy slow source does not take the turns of a small one', async () => {
    const { encoders, ledger } = await start(slow);
    const greedy$ = new Subject<EncodeInput>();
    const small$ = new Subject<EncodeInput>();
    greedy$.pipe(encoders.encode('mic', { keep: 'every', queue: 1000 })).subscribe();
    const small = firstValueFrom(small$.pipe(encoders.encode('wrist', { keep: 'every', queue: 1000 }), take(20), toArray()));
    for (let i = 0; i < 500; i++) greedy$.next(tensorWindow('mic', 'audio', i));
    for (let i = 0; i < 20; i++) small$.next(tensorWindow('wrist', 'imu', i));
    await small;
    const [mic] = ledger.lines();
    expect(mic?.emitted).toBeLessThan(40);
  });

  it('replaces a worker that crashes; what it held is dropped by that name, everything else goes on', async () => {
    const threads: Worker[] = [];
    const spawn = (url: URL): Worker => {
      const thread = new Worker(url);
      threads.push(thread);
      return thread;
    };
    const { encoders, ledger } = await start(slow, { spawn });
    const inference = threads.filter((_, i) => i > 0);
    const windows$ = new Subject<EncodeInput>();
    const embeddings: Embedding[] = [];
    windows$.pipe(encoders.encode('mic', { keep: 'every', queue: 100 })).subscribe((embedding) => embeddings.push(embedding));
    const isBack = firstValueFrom(encoders.health$.pipe(filter(({ restarts, workers }) => restarts === 1 && workers === 1)));
    for (let i = 0; i < 5; i++) windows$.next(tensorWindow('mic', 'audio', i));
    inference[0]?.postMessage({ kind: 'a message that no version knows' });
    await isBack;
    windows$.next(tensorWindow('mic', 'audio', 5));
    windows$.complete();
    await expect.poll(() => ledger.lines()[0]?.inFlight, { timeout: 10_000 }).toBe(0);
    const [line] = ledger.lines();
    expect(line).toMatchObject({ received: 6, sums: true });
    expect(line?.emitted).toBe(embeddings.length);
    expect((line?.emitted ?? 0) + (line?.dropped['workerCrashed'] ?? 0)).toBe(6);
    expect(embeddings.at(-1)?.startUs).toBe(5000);
  });

  it('opens no graph for the worker in its place that is another on disk by then, says which, and goes on when it is put back', async () => {
    const dir = await writeTestBundle({ imu: {} });
    const graph = join(dir, 'imu.onnx');
    const whole = await readFile(graph);
    const threads: Worker[] = [];
    const spawn = (url: URL): Worker => {
      const thread = new Worker(url);
      threads.push(thread);
      return thread;
    };
    const reasons: string[] = [];
    const log = { ...silentLog, error: (data: object) => reasons.push(String(Reflect.get(data, 'reason'))) };
    const { encoders } = await start(dir, { spawn, log });
    await writeFile(graph, whole.with(whole.length - 1, (whole.at(-1) ?? 0) ^ 1));
    threads[1]?.postMessage({ kind: 'a message that no version knows' });
    await expect.poll(() => reasons.at(-1), { timeout: 20_000 }).toContain(`${graph} has sha256`);
    const isBack = firstValueFrom(encoders.health$.pipe(filter(({ workers }) => workers === 1)));
    await writeFile(graph, whole);
    await isBack;
    const { vector } = await encoders.embedInput('imu', { tensor: { shape: [6, 64], data: new Float32Array(384).fill(1) } });
    expect(vector).toHaveLength(32);
  });

  it('says how sure it is of a window, and of a file, where its graph does', async () => {
    const dir = await writeTestBundle({ imu: { confidence: 'right' } });
    folders.push(dir);
    const { encoders } = await start(dir);
    const windows$ = new Subject<EncodeInput>();
    const all = firstValueFrom(windows$.pipe(encoders.encode('wrist', { keep: 'every' }), toArray()));
    const windows = [0, 1, 2].map((seq) => tensorWindow('wrist', 'imu', seq));
    for (const window of windows) windows$.next(window);
    windows$.complete();
    for (const [i, { vector, confidence }] of (await all).entries()) {
      const window = windows[i];
      const data = window && 'tensor' in window ? window.tensor.data : new Float32Array();
      expect(confidence).toBeCloseTo(1 / (1 + Math.exp(-data.reduce((sum, value) => sum + value, 0) / data.length)), 5);
      expect(dot(vector, vector)).toBeCloseTo(1, 5);
      expect(await encoders.embedInput('imu', { tensor: { shape: [6, 64], data } })).toEqual({ vector, confidence });
    }
  });

  it('refuses a graph whose confidence is none', async () => {
    const dir = await writeTestBundle({ imu: { confidence: 'wrong' } });
    folders.push(dir);
    await expect(start(dir)).rejects.toThrow(/output "confidence" answers 2\.\d+, wanted 0 to 1/);
  });

  it('a front-end worker that crashes is replaced as well', async () => {
    const threads: Worker[] = [];
    const { encoders } = await start(quick, { spawn: (url) => (threads.push(new Worker(url)), threads.at(-1)!) });
    const picture = { kind: 'rgb24', width: 20, height: 10, data: new Uint8Array(600).fill(90) } as const;
    await encoders.embedPicture(picture);
    threads[0]?.postMessage({ kind: 'nonsense' });
    await expect(encoders.embedPicture(picture)).rejects.toMatchObject({ code: 'QUERY_FAILED' });
    await expect
      .poll(
        () =>
          encoders.embedPicture(picture).then(
            (vector) => vector.length,
            () => 0,
          ),
        { timeout: 5000 },
      )
      .toBe(TEST_DIM);
  });

  it('counts pictures that are none, tensors of a wrong size and modalities without an encoder', async () => {
    const { encoders, ledger } = await start(quick);
    const windows$ = new Subject<EncodeInput>();
    const done = firstValueFrom(windows$.pipe(encoders.encode('front', { keep: 'every' }), toArray()));
    const { tensor: _, ...meta } = tensorWindow('front', 'image', 0) as Extract<EncodeInput, { tensor: unknown }>;
    windows$.next({ ...meta, picture: { kind: 'encoded', bytes: Buffer.from('no picture at all') } });
    windows$.next({ ...meta, tensor: { shape: [3], data: new Float32Array(3) } });
    windows$.next({ ...meta, modality: 'depth', tensor: { shape: [3], data: new Float32Array(3) } });
    windows$.next({ ...meta, picture: { kind: 'rgb24', width: 20, height: 10, data: new Uint8Array(600).fill(90) } });
    windows$.complete();
    expect(await done).toHaveLength(1);
    expect(ledger.lines()[0]?.dropped).toEqual({ badPicture: 1, badTensor: 1, noEncoder: 1 });
    expect(ledger.sums).toBe(true);
  });

  it('gives the same vector whether an idle worker prepares a picture itself or a front end does, and counts there what is none', async () => {
    const { encoders, ledger } = await start(quick);
    const windows$ = new Subject<EncodeInput>();
    const embeddings: Embedding[] = [];
    windows$.pipe(encoders.encode('front', { keep: 'every' })).subscribe((embedding) => embeddings.push(embedding));
    const { tensor: _, ...meta } = tensorWindow('front', 'image', 0) as Extract<EncodeInput, { tensor: unknown }>;
    const jpegs = await Promise.all(
      Array.from({ length: 4 }, (_unused, i) =>
        sharp(Buffer.from(noise(64 * 48 * 3, i + 1).map((value) => 128 + 127 * value)), { raw: { width: 64, height: 48, channels: 3 } })
          .jpeg()
          .toBuffer(),
      ),
    );
    // One after the other, so that the worker is idle each time; later ones are made in the buffers of earlier ones.
    for (const [i, bytes] of [...jpegs, ...jpegs].entries()) {
      windows$.next({ ...meta, picture: { kind: 'encoded', bytes } });
      await expect.poll(() => embeddings.length).toBe(i + 1);
    }
    windows$.next({ ...meta, picture: { kind: 'encoded', bytes: jpegs[0]!.subarray(0, 700) } });
    await expect.poll(() => ledger.lines()[0]?.dropped).toEqual({ badPicture: 1 });
    // Queries are always prepared by a front end.
    const vectors = await Promise.all(jpegs.map((bytes) => encoders.embedPicture({ kind: 'encoded', bytes })));
    expect(embeddings.map(({ vector }) => vector)).toEqual([...vectors, ...vectors]);
    expect(dot(vectors[0]!, vectors[1]!)).toBeLessThan(0.9999);
    expect(ledger.sums).toBe(true);
  });

  it('does not touch the pictures and tensors that it is given', async () => {
    const { encoders } = await start(quick);
    const windows$ = new Subject<EncodeInput>();
    const done = firstValueFrom(windows$.pipe(encoders.encode('front', { keep: 'every' }), toArray()));
    const window = tensorWindow('front', 'image', 0) as Extract<EncodeInput, { tensor: unknown }>;
    const { tensor, ...meta } = window;
    const data = new Uint8Array(600).fill(90);
    windows$.next(window);
    windows$.next(window);
    windows$.next({ ...meta, picture: { kind: 'rgb24', width: 20, height: 10, data } });
    windows$.complete();
    expect(await done).toHaveLength(3);
    expect(tensor.data.length).toBe(768);
    expect(data.length).toBe(600);
  });

  it('embeds sounds and pictures for queries, and gives up when told to', async () => {
    const { encoders } = await start(quick);
    const vector = await encoders.embedSound({ kind: 'pcm', rateHz: 16_000, data: noise(48_000, 3) });
    expect(Math.sqrt(dot(vector, vector))).toBeCloseTo(1, 5);
    const given = new AbortController();
    const picture = encoders.embedPicture({ kind: 'rgb24', width: 640, height: 480, data: new Uint8Array(921_600) }, given.signal);
    given.abort(new Error('changed my mind'));
    await expect(picture).rejects.toThrow('changed my mind');
    await expect(encoders.embedText('glass')).rejects.toMatchObject({ code: 'NO_ENCODER' });
  });

  it('records which provider won and why the ones before it did not', async () => {
    const { encoders } = await start(quick, { providers: ['cuda', 'no-such-provider', 'cpu'] });
    const { providers } = await firstValueFrom(encoders.health$);
    expect(providers['imu']?.won).toBe('cpu');
    expect(Object.keys(providers['imu']?.refused ?? {})).toEqual(['cuda', 'no-such-provider']);
  });

  it('raises the collapse alarm when embeddings stand still although inputs do not', async () => {
    // A graph that is right for its probes and answers the same to everything large: a saturated network.
    const dir = await writeTestBundle({ imu: { saturating: true } });
    folders.push(dir);
    const { encoders } = await start(dir);
    const windows$ = new Subject<EncodeInput>();
    windows$.pipe(encoders.encode('wrist', { keep: 'every', queue: 100 })).subscribe();
    for (let i = 0; i < 40; i++) {
      const window = tensorWindow('wrist', 'imu', i) as Extract<EncodeInput, { tensor: unknown }>;
      windows$.next({ ...window, tensor: { ...window.tensor, data: window.tensor.data.map((value) => 1e6 * (value + 2)) } });
    }
    const { collapsed } = await firstValueFrom(encoders.health$.pipe(filter((health) => health.collapsed.length > 0)));
    expect(collapsed).toEqual(['wrist']);
  });

  it.each([
    ['MODEL_COLLAPSED', 'one vector', { collapsed: true }],
    ['MODEL_NOT_UNIT', 'wanted 1', { normalised: false }],
    ['MODEL_SHAPE_MISMATCH', 'the manifest says', { shape: [6, 50] }],
    ['MODEL_SHAPE_MISMATCH', 'the manifest says', { dim: 31 }],
  ])('refuses a bundle whose graph is wrong: %s %s', async (_, words, options) => {
    const dir = await writeTestBundle({ imu: options });
    folders.push(dir);
    await expect(start(dir)).rejects.toMatchObject({ code: 'MODEL_REFUSED', message: expect.stringContaining(words) as string });
  });

  it('stop() while busy ends the process with code 0, every time', async () => {
    const script = fileURLToPath(new URL('helpers/stop-while-busy.mjs', import.meta.url));
    for (let i = 0; i < 20; i++) {
      const { stdout } = await promisify(execFile)(process.execPath, [script, slow, String(5 + i * 7)], { timeout: 20_000 });
      expect(stdout).toBe('true\n');
    }
  });
});
