import { rm } from 'node:fs/promises';
import { from, firstValueFrom, lastValueFrom, of, Subject, toArray } from 'rxjs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Encoders } from '../src/core/encoder.ts';
import { Ledger } from '../src/core/ledger.ts';
import type { FusionTick } from '../src/core/fused.ts';
import type { Embedding, EncodeInput, Tensor } from '../src/core/types.ts';
import { openBundle } from '../src/encoders/bundle.ts';
import { startEncoders, type EncodersOptions } from '../src/encoders/encoder-pool.ts';
import { tryBundle } from '../src/encoders/try-bundle.ts';
import type { Trial } from '../src/encoders/try-graphs.ts';
import { dot } from '../src/space/vector.ts';
import { fused, reference, SOUND_TOKENS, writeFusionBundle, type FusionBundleOptions } from './helpers/fusion-bundle.ts';
import { noise } from './helpers/onnx-writer.ts';

const folders: string[] = [];
const running: Encoders[] = [];
let dir = '';

beforeAll(async () => {
  dir = await bundle();
});
afterEach(async () => {
  for (const encoders of running.splice(0)) await encoders.stop();
});
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function bundle(options?: FusionBundleOptions): Promise<string> {
  const folder = await writeFusionBundle(options);
  folders.push(folder);
  return folder;
}

async function start(folder = dir, options: Partial<EncodersOptions> = {}): Promise<{ encoders: Encoders; ledger: Ledger }> {
  const ledger = new Ledger();
  const encoders = await startEncoders(await openBundle(folder), { workers: 1, ...options, ledger });
  running.push(encoders);
  return { encoders, ledger };
}

const SECOND = 1_000_000;
/** A window with its tensor; pictures last a microsecond, sounds 975 ms. */
function input(
  modality: 'image' | 'audio',
  seq: number,
  startUs = seq * SECOND,
  source = modality === 'image' ? 'front' : 'mic',
): EncodeInput & { tensor: Tensor } {
  const shape = modality === 'image' ? [3, 16, 16] : [96, 64];
  const data = noise(
    shape.reduce((a, b) => a * b, 1),
    seq * 2 + (modality === 'image' ? 1 : 2),
  );
  const endUs = startUs + (modality === 'image' ? 1 : 975_000);
  return {
    source,
    modality,
    startUs,
    endUs,
    errorUs: seq,
    samples: { first: seq, last: seq, missing: 0 },
    coverage: 1,
    tensor: { shape, data },
  };
}

const embedded = (encoders: Encoders, inputs: readonly EncodeInput[]): Promise<Embedding[]> =>
  lastValueFrom(from(inputs).pipe(encoders.encode(inputs[0]?.source ?? '', { keep: 'every', queue: 100 }), toArray()));

const closeTo = (got: Float32Array | undefined, wanted: Float32Array): void => {
  expect(got).toHaveLength(wanted.length);
  expect(dot(got ?? new Float32Array(0), wanted)).toBeGreaterThanOrEqual(0.99999);
};

describe('a bundle of several stages on real onnxruntime and real threads', () => {
  it('gives a source the vector of all tokens in its ring, through the fusion graph alone', async () => {
    const { encoders, ledger } = await start();
    expect(encoders.joint).toEqual(['image', 'audio', 'text']);
    const pictures = [0, 1, 2].map((seq) => input('image', seq));
    const embeddings = await embedded(encoders, pictures);
    for (const [i, { vector, startUs, endUs, seq, space }] of embeddings.entries()) {
      closeTo(vector, fused(pictures.slice(0, i + 1).flatMap(({ tensor }) => reference.image(tensor.data))));
      // The window spans all that went in.
      expect({ startUs, endUs, seq, space }).toEqual({ startUs: 0, endUs: i * SECOND + 1, seq: i, space: encoders.space.id });
    }
    expect(ledger.lines()).toMatchObject([
      { source: 'front', stage: 'encode', received: 3, emitted: 3, inFlight: 0, sums: true },
      { source: 'front', stage: 'tokens', received: 3, emitted: 3, noted: { closed: 3 }, inFlight: 0, sums: true },
    ]);
  });

  it('keeps as many tokens as the manifest says and none that is older than it says', async () => {
    const { encoders, ledger } = await start(await bundle({ keep: SOUND_TOKENS + 1, keepMs: 3000 }));
    // Windows of sound end to end: the last one's tokens and the newest of the one before. Then a pause that ages all.
    const sounds = [input('audio', 0, 0), input('audio', 1, 975_000), input('audio', 2, 9 * SECOND)];
    const tokens = sounds.map(({ tensor }) => reference.audio(tensor.data));
    const [first, second, third] = await embedded(encoders, sounds);
    closeTo(first?.vector, fused(tokens[0] ?? []));
    closeTo(second?.vector, fused([...(tokens[0] ?? []).slice(-1), ...(tokens[1] ?? [])]));
    closeTo(third?.vector, fused(tokens[2] ?? []));
    expect(second?.startUs).toBe(650_000);
    expect(third?.startUs).toBe(9 * SECOND);
    expect(ledger.lines()[1]).toMatchObject({
      stage: 'tokens',
      received: 9,
      emitted: 9,
      noted: { full: 2, aged: 4, closed: 3 },
      sums: true,
    });
  });

  it('lets the tokens of a newer window replace those of the same time', async () => {
    const { encoders, ledger } = await start();
    const sounds = [input('audio', 0, 0), input('audio', 1, 480_000)];
    const tokens = sounds.map(({ tensor }) => reference.audio(tensor.data));
    const [, second] = await embedded(encoders, sounds);
    closeTo(second?.vector, fused([...(tokens[0] ?? []).slice(0, 2), ...(tokens[1] ?? [])]));
    expect(ledger.lines()[1]?.noted).toMatchObject({ replaced: 1 });
  });

  it('embeds words through the fusion graph alone; those that it does not know are no tokens', async () => {
    const { encoders } = await start();
    closeTo(await encoders.embedText('glass breaking'), fused(reference.text('glass breaking')));
    closeTo(await encoders.embedText('a dog that barks'), fused(reference.text('dog barks')));
    closeTo(await encoders.embedText('glass breaking dog barks rain'), fused(reference.text('glass breaking dog barks')));
    await expect(encoders.embedText('zymurgy')).rejects.toMatchObject({
      code: 'QUERY_FAILED',
      message: expect.stringContaining('no tokens') as string,
    });
    const picture = input('image', 5);
    closeTo((await encoders.embedInput('image', { tensor: picture.tensor })).vector, fused(reference.image(picture.tensor.data)));
  });

  it.each([[['front']], [['mic']], [['front', 'mic']], [['front', 'back', 'mic']]])(
    'fuses jointly whoever is there: %j',
    async (present) => {
      const { encoders, ledger } = await start();
      const inputs = {
        front: [input('image', 0), input('image', 1)],
        back: [input('image', 7, 500_000, 'back')],
        mic: [input('audio', 1, 200_000)],
      };
      const newest = new Map<string, Embedding>();
      const subjects = Object.entries(inputs).map(([source, windows]) => {
        const windows$ = new Subject<EncodeInput>();
        windows$.pipe(encoders.encode(source, { keep: 'every' })).subscribe((embedding) => newest.set(source, embedding));
        for (const window of windows) windows$.next(window);
        return windows$;
      });
      await expect.poll(() => newest.get('front')?.seq === 1 && newest.size).toBe(3);
      const sources = ['front', 'back', 'mic'];
      const tick = {
        tickUs: 1_500_000,
        present: present.flatMap((id) => newest.get(id) ?? []),
        missing: sources.filter((id) => !present.includes(id)),
        held: [],
      };
      const joint = await firstValueFrom(of(tick).pipe(encoders.fuse()));
      // Two cameras are one modality: their tokens stand in the order of their time.
      const wanted = [
        ...(present.includes('front') ? inputs.front.flatMap(({ tensor }) => reference.image(tensor.data)) : []),
        ...(present.includes('back') ? inputs.back.flatMap(({ tensor }) => reference.image(tensor.data)) : []),
        ...(present.includes('mic') ? inputs.mic.flatMap(({ tensor }) => reference.audio(tensor.data)) : []),
      ];
      closeTo(joint.vector, fused(wanted));
      expect(joint).toMatchObject({
        source: 'fused',
        space: encoders.space.id,
        seq: 0,
        tickUs: 1_500_000,
        present,
        missing: tick.missing,
        held: [],
        weights: {},
      });
      expect(joint.startUs).toBe(present.includes('front') ? 0 : 200_000);
      expect(joint.endUs).toBe(present.includes('mic') ? 1_175_000 : 1_000_001);
      expect(ledger.sums).toBe(true);
      for (const windows$ of subjects) windows$.complete();
    },
  );

  it('drops moments that come too fast by name, and the ledger sums at each step', async () => {
    const { encoders, ledger } = await start();
    const [embedding] = await embedded(encoders, [input('image', 0)]);
    const ticks$ = new Subject<FusionTick>();
    const vectors: Float32Array[] = [];
    const done = lastValueFrom(ticks$.pipe(encoders.fuse(), toArray()));
    ticks$.pipe(encoders.fuse()).subscribe(({ vector }) => {
      vectors.push(vector);
      expect(ledger.sums).toBe(true);
    });
    for (let i = 0; i < 50; i++) ticks$.next({ tickUs: i, present: embedding ? [embedding] : [], missing: [], held: [] });
    // An embedding of before a restart has no tokens any more: it counts as missing, and nothing is left to fuse.
    ticks$.next({ tickUs: 50, present: embedding ? [{ ...embedding, vector: embedding.vector.slice() }] : [], missing: [], held: [] });
    expect(ledger.sums).toBe(true);
    ticks$.complete();
    await done;
    await expect.poll(() => ledger.lines().at(-1)?.inFlight).toBe(0);
    const line = ledger.lines().find(({ source }) => source === 'fused');
    expect(line).toMatchObject({ stage: 'encode', received: 102, dropped: { noTokens: 2 }, sums: true });
    expect(line?.dropped['superseded']).toBeGreaterThan(0);
    expect(vectors.length).toBeGreaterThan(0);
  });

  it('is trusted by models verify, each graph by what the fusion graph makes of its tokens', async () => {
    const trials: Trial[] = [];
    for await (const trial of tryBundle(await openBundle(dir), { providers: ['cpu'], seconds: 0 })) trials.push(trial);
    expect(trials.map(({ modality, isOk, reason }) => ({ modality, isOk, reason }))).toEqual(
      ['fusion', 'image', 'audio', 'text'].map((modality) => ({ modality, isOk: true, reason: '' })),
    );
    // The kernels of both graphs of a chain are counted.
    const kernels = trials.map(({ measured }) => Object.values(measured?.kernels ?? {}).reduce((a, b) => a + b, 0));
    expect(kernels[1]).toBeGreaterThan(kernels[3] ?? 0);
  });

  it('refuses stages whose dims disagree, and names both', async () => {
    const folder = await bundle({ features: 9 });
    await expect(start(folder)).rejects.toMatchObject({
      code: 'MODEL_REFUSED',
      message: expect.stringMatching(
        /image-tokens\.onnx: stage "tokens" wants float32 \[batch, 9\] at input "features", stage "graph" gives float32 \[batch, 10\]/,
      ) as string,
    });
  });

  it('refuses tokens of another width or number than the manifest says', async () => {
    const wide = await bundle({ edit: (text) => text.replace('width: 8', 'width: 9') });
    await expect(start(wide)).rejects.toMatchObject({ code: 'MODEL_REFUSED', message: expect.stringContaining('[batch, 2, 9]') as string });
    const many = await bundle({ edit: (text) => text.replace('perWindow: 3', 'perWindow: 5') });
    await expect(start(many)).rejects.toMatchObject({ code: 'MODEL_REFUSED', message: expect.stringContaining('[batch, 5, 8]') as string });
  });
});
