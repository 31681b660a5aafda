import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { withEncoders } from '../src/cli/with-encoders.ts';
import type { Encoded } from '../src/core/encoder.ts';
import { readNpy, writeNpy } from '../src/frontends/npy.ts';
import type { Signal } from '../src/frontends/signal-tensor.ts';
import { readSoundFile } from '../src/inputs/sound-file.ts';
import { embedSignal } from '../src/runtime/embed-file.ts';
import { seeded } from '../src/space/bind/seeded.ts';

/** A clip of the data. */
export interface SoundClip {
  readonly file: string;
  readonly label: string;
}

/** What is heard when: times in seconds of the stream. */
export interface HeardEvent {
  readonly label: string;
  readonly fromS: number;
  readonly toS: number;
}

export interface SoundStream {
  readonly events: readonly HeardEvent[];
  /** What the bundle's audio encoder says of each window. */
  readonly heard: readonly Encoded[];
  readonly hopS: number;
  readonly windowS: number;
}

export interface SoundStreamOptions {
  readonly folder: string;
  readonly clips: readonly SoundClip[];
  /** Labels that come seldom and are looked for; all others are heard all the time. */
  readonly rare: readonly string[];
  readonly seconds: number;
  readonly seed: number;
  readonly model: string;
}

const RATE = 16_000;
/** Sound that is made and embedded at a time: a multiple of every hop. */
const STRETCH_S = 1200;
/** A rare label comes so often, in seconds. */
const RARE_FROM_S = 360;
const RARE_TO_S = 1080;

/**
 * A long stream pasted from clips: one after the other at levels that differ by 12 dB, with gaps, every third with another one below it, on a bed of noise; and the
 * vectors that the real audio encoder gives of it. Made once: the vectors are kept in the temporary folder.
 */
export async function soundStream(options: SoundStreamOptions): Promise<SoundStream> {
  const { rare, seconds, seed, model } = options;
  const pastes = plan(options);
  const events = pastes.filter(({ label }) => rare.includes(label)).map(({ label, fromS, toS }) => ({ label, fromS, toS }));
  const key = createHash('sha256').update(JSON.stringify([pastes, seconds, seed, readFileSync(join(model, 'manifest.yaml'), 'utf8')]));
  const kept = join(tmpdir(), 'edgebind-bench-sounds', `${key.digest('hex').slice(0, 24)}.npy`);
  return withEncoders(model, ['audio'], async (encoders, bundle) => {
    const entry = bundle.entries.get('audio');
    if (entry?.window?.kind !== 'sliding') throw new Error(`${model}: its audio encoder has no sliding window`);
    const { sizeMs, hopMs } = entry.window;
    const said: Encoded[] = [];
    if (existsSync(kept)) {
      const { shape, data } = readNpy(readFileSync(kept));
      const dim = shape[1] ?? 0;
      for (let row = 0; row < (shape[0] ?? 0); row++)
        said.push({ vector: Float32Array.from(data.subarray(row * dim, (row + 1) * dim - 1)), confidence: data[(row + 1) * dim - 1] ?? 1 });
    } else {
      const heard = new Map<string, Float32Array>();
      for (let fromS = 0; fromS < seconds; fromS += STRETCH_S) {
        const length = Math.min(STRETCH_S, seconds - fromS);
        const data = await mix(pastes, fromS, length + sizeMs / 1000 - hopMs / 1000, seed, options.folder, heard);
        for await (const { vector, confidence = 1 } of embedSignal('audio', soundOf(data), entry, encoders))
          said.push({ vector, confidence });
        process.stderr.write(`edgebind: ${Math.round(fromS + length)} of ${seconds} s of the stream are embedded\n`);
      }
      // The confidence behind each vector.
      const dim = encoders.space.dim + 1;
      const data = new Float32Array(said.length * dim);
      for (const [i, { vector, confidence = 1 }] of said.entries()) data.set([...vector, confidence], i * dim);
      mkdirSync(dirname(kept), { recursive: true });
      writeFileSync(kept, writeNpy({ shape: [said.length, dim], data }));
    }
    return { events, heard: said, hopS: hopMs / 1000, windowS: sizeMs / 1000 };
  });
}

const soundOf = (data: Float32Array): Signal => ({ kind: 'sound', sound: { kind: 'pcm', rateHz: RATE, data } });

interface Paste extends HeardEvent {
  readonly file: string;
  readonly gain: number;
}

const CLIP_S = 5;

function plan({ clips, rare, seconds, seed }: SoundStreamOptions): Paste[] {
  const uniform = seeded(seed);
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(uniform() * from.length)];
  const usual = clips.filter(({ label }) => !rare.includes(label));
  const labels = [...new Set(usual.map(({ label }) => label))];
  const soon = (): number => RARE_FROM_S + (RARE_TO_S - RARE_FROM_S) * uniform();
  const due = new Map(rare.map((label) => [label, soon()]));
  const pastes: Paste[] = [];
  const paste = (clip: SoundClip | undefined, fromS: number, loss: number): void => {
    if (clip) pastes.push({ ...clip, fromS, toS: fromS + CLIP_S, gain: 10 ** (-loss / 20) });
  };
  for (let atS = 0; atS < seconds - CLIP_S; atS += CLIP_S + 2 * uniform()) {
    const [next] = [...due].filter(([, s]) => s <= atS);
    if (next) due.set(next[0], atS + soon());
    const label = next?.[0] ?? pick(labels);
    paste(pick(clips.filter((clip) => clip.label === label)), atS, 12 * uniform());
    if (uniform() < 1 / 3) paste(pick(usual), atS, 12 + 12 * uniform());
  }
  return pastes;
}

async function mix(
  pastes: readonly Paste[],
  fromS: number,
  seconds: number,
  seed: number,
  folder: string,
  heard: Map<string, Float32Array>,
): Promise<Float32Array> {
  const uniform = seeded(seed + fromS);
  const out = Float32Array.from({ length: Math.round(seconds * RATE) }, () => 0.002 * (uniform() - 0.5));
  for (const paste of pastes) {
    if (paste.toS < fromS || paste.fromS > fromS + seconds) continue;
    const clip = heard.get(paste.file) ?? (await readSoundFile(join(folder, paste.file), RATE)).data;
    heard.set(paste.file, clip);
    const at = Math.round((paste.fromS - fromS) * RATE);
    const length = Math.min(clip.length, CLIP_S * RATE);
    for (let i = Math.max(0, -at); i < length && at + i < out.length; i++) out[at + i] = (out[at + i] ?? 0) + paste.gain * (clip[i] ?? 0);
  }
  return out;
}
