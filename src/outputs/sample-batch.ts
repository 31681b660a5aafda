import { encodeFrame } from '../core/binary-frame.ts';
import type { Imu, Modality, Pcm, Sample } from '../core/types.ts';
import { spliceSub, type Frame, type Publication } from './publication.ts';
import { sampleHeader } from './sample-publication.ts';

/** At most so many values wait for one message: four seconds of sound at 16 kHz, or 10,000 inertial rows. */
const MAX_VALUES = 64_000;
const IMU_VALUES = 6;

/**
 * Sound or inertial rows that came since the last message: a trace or a spectrogram wants all of them, not the newest alone.
 * Belongs to one subscription. Bounded: the oldest go, and the message says how many.
 */
export class SampleBatch implements Publication {
  readonly key: string;
  readonly source: string;
  readonly modality: Modality;
  #samples: Sample<Pcm | Imu>[];
  #values: number;
  #skipped = 0;

  constructor(sample: Sample<Pcm | Imu>) {
    this.key = sample.source;
    this.source = sample.source;
    this.modality = sample.modality;
    this.#samples = [sample];
    this.#values = valuesOf(sample).length;
  }

  get size(): number {
    return this.#samples.length;
  }

  absorb(newer: Publication): number {
    if (!(newer instanceof SampleBatch)) return 0;
    let gone = 0;
    // Two rates cannot share a message.
    if (rateOf(this.#samples) !== rateOf(newer.#samples)) gone += this.#forget(this.#samples.length);
    this.#samples.push(...newer.#samples);
    this.#values += newer.#values;
    let surplus = 0;
    let values = this.#values;
    while (values > MAX_VALUES && surplus < this.#samples.length - 1) {
      values -= valuesOf(this.#samples[surplus]).length;
      surplus += 1;
    }
    if (surplus > 0) gone += this.#forget(surplus);
    return gone;
  }

  frame(sub: string): Frame {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last) throw new Error('a batch is never empty');
    const isSound = first.payload.kind === 'pcm';
    const header = sampleHeader(first, {
      format: isSound ? 'pcm_s16le' : 'imu-f32',
      ...(first.payload.kind === 'pcm' ? { rateHz: first.payload.rateHz } : {}),
      endUs: last.timeUs + last.durationUs,
      ...(this.#skipped > 0 ? { skipped: this.#skipped } : {}),
    });
    const body = isSound ? this.#sound() : this.#rows();
    return { bytes: encodeFrame('raw', spliceSub('sample', sub, header), body), isBinary: true };
  }

  #forget(count: number): number {
    for (const sample of this.#samples.splice(0, count)) this.#values -= valuesOf(sample).length;
    this.#skipped += count;
    return count;
  }

  #sound(): Uint8Array {
    const body = new Int16Array(this.#values);
    let at = 0;
    for (const sample of this.#samples) {
      for (const value of valuesOf(sample)) {
        body[at] = Math.max(-32_768, Math.min(32_767, Math.round(value * 32_768)));
        at += 1;
      }
    }
    return new Uint8Array(body.buffer);
  }

  #rows(): Uint8Array {
    const body = new Float32Array(this.#samples.length * IMU_VALUES);
    for (const [row, sample] of this.#samples.entries()) body.set(valuesOf(sample).subarray(0, IMU_VALUES), row * IMU_VALUES);
    return new Uint8Array(body.buffer);
  }
}

const EMPTY = new Float32Array(0);

function valuesOf(sample: Sample<Pcm | Imu> | undefined): Float32Array {
  if (!sample) return EMPTY;
  return sample.payload.kind === 'pcm' ? sample.payload.data : sample.payload.values;
}

const rateOf = ([first]: readonly Sample<Pcm | Imu>[]): number | undefined =>
  first?.payload.kind === 'pcm' ? first.payload.rateHz : undefined;
