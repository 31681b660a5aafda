import sharp from 'sharp';
import { Subject } from 'rxjs';
import { Ledger } from '../src/core/ledger.ts';
import type { EncodeInput, KnownModality } from '../src/core/types.ts';
import { openBundle } from '../src/encoders/bundle.ts';
import { startEncoders } from '../src/encoders/encoder-pool.ts';
import { tryBundle } from '../src/encoders/try-bundle.ts';
import { logMelBatch } from '../src/frontends/log-mel.ts';
import type { FrontEnd } from '../src/frontends/recipe.ts';
import { compare, report, type BenchOptions, type BenchReport, type BenchResult } from './report.ts';

/** Windows per second of each sense on a box with one sensor of each. */
const RATES = { image: 5, audio: 2, thermal: 4, depth: 2, imu: 2 } as const satisfies Record<KnownModality, number>;
const CORE_BUDGET = 60;
const RSS_BUDGET = 350;

type Payload = { readonly tensor: { shape: readonly number[]; data: Float32Array } } | { readonly picture: PictureOf };
type PictureOf = Extract<EncodeInput, { readonly picture: unknown }>['picture'];

/**
 * Five senses of models/mini at once, at the rates of a robot: camera (JPEG 640 x 480), thermal camera (160 x 120), depth camera
 * (320 x 240), microphone and motion, through the encoders with one worker. The opponent is the budget of a small box: 60 % of one core
 * in inference, 350 MiB in memory, nothing lost. The whole process is measured too: decoding, front ends and the loop come on top.
 */
export async function run({ quick = false }: BenchOptions = {}): Promise<BenchReport> {
  const bundle = await openBundle(process.env['EDGEBIND_BENCH_MODEL'] ?? 'models/mini');
  const seconds = quick ? 3 : 20;
  let inferenceMs = 0;
  for await (const { modality, measured } of tryBundle(bundle, { providers: ['cpu'], seconds: quick ? 0.2 : 1 }))
    inferenceMs += (measured?.callMs ?? Number.NaN) * (modality === 'text' ? 0 : RATES[modality as KnownModality]);

  const ledger = new Ledger();
  const encoders = await startEncoders(bundle, { ledger, workers: 1 });
  const made = new Map<KnownModality, number>();
  const timers: NodeJS.Timeout[] = [];
  const soundEnd = bundle.entries.get('audio')?.frontEnd;
  const payloads = await testPayloads(soundEnd);
  await encoders.embedText('glass breaking');
  const before = process.cpuUsage();
  const start = performance.now();
  for (const [modality, rate] of Object.entries(RATES) as [KnownModality, number][]) {
    const windows$ = new Subject<EncodeInput>();
    windows$.pipe(encoders.encode(modality)).subscribe(() => made.set(modality, (made.get(modality) ?? 0) + 1));
    timers.push(setInterval(() => windows$.next({ ...meta(modality), ...payloads[modality]() }), 1000 / rate));
  }
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  for (const timer of timers) clearInterval(timer);
  const wall = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  const rss = process.memoryUsage.rss() / 2 ** 20;
  await encoders.stop();

  const total = [...made.values()].reduce((sum, count) => sum + count, 0);
  const wanted = Object.values(RATES).reduce<number>((sum, rate) => sum + rate, 0);
  const one = (name: string, unit: string, ours: number, opponent: number): BenchResult => compare(name, unit, [{ ours, opponent }]);
  return report(
    'mini',
    [
      one('inference of five senses', '% of one core, calls times rates, against a budget; less is better', inferenceMs / 10, CORE_BUDGET),
      one(
        'the whole process',
        '% of one core, decoding and front ends included, against the same; less is better',
        (user + system) / 1e4 / wall,
        CORE_BUDGET,
      ),
      one('memory', 'resident MiB of the whole process, text encoder included, against a budget; less is better', rss, RSS_BUDGET),
      one('embeddings', 'per second, against windows per second; more is better', total / wall, wanted),
    ],
    ['onnxruntime-node', 'sharp'],
  );
}

const meta = (modality: KnownModality) =>
  ({ source: modality, modality, startUs: 0, endUs: 1, errorUs: 0, samples: { first: 0, last: 0, missing: 0 }, coverage: 1 }) as const;

/** A new window of each sense; each differs from the one before. Made beforehand and copied: sensors cost this process no sines. */
async function testPayloads(soundEnd: FrontEnd | undefined): Promise<Record<KnownModality, () => Payload>> {
  if (!soundEnd) throw new Error('the bundle has no audio encoder');
  const phases = Array.from({ length: 4 }, (_, phase) => phase);
  const waves = (length: number, scale: number): Float32Array[] =>
    phases.map((phase) => Float32Array.from({ length }, (_, i) => scale * Math.sin(i / 9 + phase)));
  const data = Buffer.alloc(640 * 480 * 3);
  for (let i = 0; i < data.length; i++) data[i] = 128 + 60 * Math.sin(i / 50) + 30 * Math.sin(i / 7919) + ((i * 7919) % 31);
  const bytes = new Uint8Array(
    await sharp(data, { raw: { width: 640, height: 480, channels: 3 } })
      .jpeg({ quality: 80 })
      .toBuffer(),
  );
  const sounds = waves(15_600, 0.1);
  const heat = waves(160 * 120, 10);
  const motions = waves(6 * 64, 3);
  const depths = waves(320 * 240, 1000).map((wave) => Uint16Array.from(wave, (v) => 1500 + v));
  let turn = 0;
  const next = <T extends Float32Array | Uint16Array>(all: readonly T[]): T => all[turn++ % all.length]?.slice() as T;
  return {
    image: () => ({ picture: { kind: 'encoded', bytes } }),
    audio: () => ({ tensor: logMelBatch({ kind: 'pcm', rateHz: 16_000, data: next(sounds) }, soundEnd) }),
    thermal: () => ({ picture: { kind: 'thermal', width: 160, height: 120, celsius: next(heat) } }),
    depth: () => ({ picture: { kind: 'depth', width: 320, height: 240, mm: next(depths) } }),
    imu: () => ({ tensor: { shape: [6, 64], data: next(motions) } }),
  };
}
