import { spawnSync } from 'node:child_process';
import sharp from 'sharp';
import { from } from 'rxjs';
import type { Pcm, Sample, Window } from '../src/core/types.ts';
import { loadBundleTokenizer } from '../src/encoders/load-tokenizer.ts';
import { imuTensor } from '../src/frontends/imu-tensor.ts';
import { jpegHead } from '../src/frontends/jpeg-head.ts';
import { logMelBatch } from '../src/frontends/log-mel.ts';
import { pictureTensor } from '../src/frontends/picture-tensor.ts';
import { parseFrontEnd } from '../src/frontends/recipe.ts';
import { streamingLogMel } from '../src/frontends/streaming-log-mel.ts';
import { openTurboJpeg } from '../src/frontends/turbo-jpeg.ts';
import { compare, median, report, type BenchOptions, type BenchReport, type BenchResult } from './report.ts';

export const name = 'frontends';

const RATE_HZ = 16_000;
const WINDOW = 2 * RATE_HZ;
const HOP = RATE_HZ / 2;
const CHUNK = 320;

/** What torchaudio takes for one window, in ms: the median of so many, in one thread. */
const TORCHAUDIO = `
import statistics, sys, time, torch, torchaudio
from torchaudio.compliance import kaldi
torch.set_num_threads(1)
x = torch.rand(1, ${WINDOW}) - 0.5
def once():
    start = time.perf_counter()
    kaldi.fbank(x, htk_compat=True, sample_frequency=${RATE_HZ}, use_energy=False, window_type="hanning", num_mel_bins=128, dither=0.0, frame_length=25, frame_shift=10)
    return (time.perf_counter() - start) * 1000
for _ in range(20): once()
print(statistics.median(once() for _ in range(int(sys.argv[1]))))
`;

/**
 * Time of the front ends. Kaldi's fbank of a window of 2 s every 0.5 s: the streaming form against torchaudio on the whole window
 * (where `EDGEBIND_BENCH_PYTHON` names a python that has it) and against our own batch form; a JPEG to a tensor against sharp doing
 * the same resize; the words and motion front ends against a budget of 1 ms.
 */
export async function run({ quick = false }: BenchOptions = {}): Promise<BenchReport> {
  const turns = quick ? 2 : 7;
  const calls = quick ? 20 : 100;
  const results: BenchResult[] = [];
  const python = process.env['EDGEBIND_BENCH_PYTHON'];
  const sound: { stream: number; batch: number; torch: number }[] = [];
  for (let turn = 0; turn < turns; turn++) {
    sound.push({ torch: python === undefined ? NaN : torchaudioMs(python, calls), stream: streamMs(calls), batch: batchMs(calls) });
  }
  const unit = 'ms per window, one thread; less is better';
  if (python === undefined) process.stderr.write('frontends: torchaudio skipped: EDGEBIND_BENCH_PYTHON names no python that has it\n');
  else
    results.push(
      compare(
        'Kaldi fbank, streaming against torchaudio',
        unit,
        sound.map(({ stream, torch }) => ({ ours: stream, opponent: torch })),
      ),
    );
  results.push(
    compare(
      'Kaldi fbank, streaming against batch',
      unit,
      sound.map(({ stream, batch }) => ({ ours: stream, opponent: batch })),
    ),
  );
  results.push(await pictures(turns, calls));
  const tokenizer = await loadBundleTokenizer('models/mini');
  const imu = parseFrontEnd({ kind: 'imu', rateHz: 200, seconds: 5 });
  if (imu.kind !== 'imu') throw new Error('a front end of motion');
  const rows = Array.from({ length: 1000 }, (_, i) => ({ timeUs: i * 5003, values: [0, 1, 2, 3, 4, 5].map((c) => Math.sin(i + c)) }));
  const against = (what: string, work: (i: number) => unknown): void => {
    const pairs = Array.from({ length: turns }, () => ({ ours: timed(calls, work), opponent: 1 }));
    results.push(compare(what, 'ms against a budget of 1 ms; less is better', pairs));
  };
  against('tokenizer, a prompt of 12 words', (i) => tokenizer.encode(`a photo of ${i} dogs that bark at the old red fire engine`));
  against('motion, 1000 rows to 6 x 1000', () => imuTensor(rows, imu, 0));
  return report(name, results, ['sharp', 'fft.js']);
}

function timed(calls: number, work: (i: number) => unknown): number {
  const times: number[] = [];
  for (let i = 0; i < calls; i++) {
    const start = performance.now();
    work(i);
    times.push(performance.now() - start);
  }
  return median(times);
}

function torchaudioMs(python: string, calls: number): number {
  const { status, stdout, stderr } = spawnSync(python, ['-c', TORCHAUDIO, String(calls)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${python} with torchaudio failed: ${stderr.trim().split('\n').at(-1) ?? ''}`);
  return Number(stdout);
}

const noise = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(i * i * 0.37) / 2);
const fbank = parseFrontEnd({ kind: 'log-mel', preset: 'imagebind' });

function batchMs(calls: number): number {
  const data = noise(WINDOW);
  return timed(calls, () => logMelBatch({ kind: 'pcm', rateHz: RATE_HZ, data }, fbank));
}

/** The whole stream's time over its windows: what overlaps is computed once, and each window pays its share. */
function streamMs(calls: number): number {
  const data = noise(WINDOW + HOP * (calls + 20));
  const us = (at: number): number => (at * 1e6) / RATE_HZ;
  const chunks = Array.from({ length: Math.floor(data.length / CHUNK) }, (_, seq): Sample<Pcm> => {
    const payload = { kind: 'pcm', rateHz: RATE_HZ, data: data.subarray(seq * CHUNK, (seq + 1) * CHUNK) } as const;
    return { source: 'mic', modality: 'audio', seq, timeUs: us(seq * CHUNK), durationUs: us(CHUNK), errorUs: 0, payload };
  });
  const windows = Array.from({ length: calls + 20 }, (_, i): Window<Pcm> => {
    const [start, end] = [i * HOP, i * HOP + WINDOW];
    const members = chunks.slice(start / CHUNK, end / CHUNK);
    const samples = { first: start / CHUNK, last: end / CHUNK - 1, missing: 0 };
    return { source: 'mic', modality: 'audio', startUs: us(start), endUs: us(end), errorUs: 0, samples, coverage: 1, members };
  });
  const ends: number[] = [performance.now()];
  from(windows)
    .pipe(streamingLogMel(fbank))
    .subscribe(() => ends.push(performance.now()));
  return median(ends.slice(21).map((end, i) => end - (ends[i + 20] ?? NaN)));
}

async function pictures(turns: number, calls: number): Promise<BenchResult> {
  const pixels = Buffer.from(Uint8Array.from({ length: 640 * 480 * 3 }, (_, i) => 128 + 60 * Math.sin(i / 50) + ((i * 7919) % 31)));
  const bytes = new Uint8Array(
    await sharp(pixels, { raw: { width: 640, height: 480, channels: 3 } })
      .jpeg({ quality: 80 })
      .toBuffer(),
  );
  const recipe = parseFrontEnd({ kind: 'image', preset: 'clip' });
  const [turbo, head] = [openTurboJpeg(), jpegHead(bytes)];
  const time = async (work: () => Promise<unknown>): Promise<number> => {
    const times: number[] = [];
    for (let i = 0; i < calls; i++) {
      const start = performance.now();
      await work();
      times.push(performance.now() - start);
    }
    return median(times);
  };
  const pairs: { ours: number; opponent: number }[] = [];
  for (let turn = 0; turn < turns; turn++) {
    pairs.push({
      opponent: await time(() =>
        sharp(bytes).resize(224, 224, { fit: 'cover', kernel: 'cubic', fastShrinkOnLoad: false }).removeAlpha().raw().toBuffer(),
      ),
      // As a front-end thread does it.
      ours: await time(() => pictureTensor((head && turbo?.(bytes, head)) ?? { kind: 'encoded', bytes }, recipe)),
    });
  }
  return compare(
    `JPEG 640x480 to a 224 tensor${turbo ? '' : ', without TurboJPEG,'} against sharp alone`,
    'ms per picture; less is better',
    pairs,
  );
}
