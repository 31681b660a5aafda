import { HEAT } from './colour-map.ts';
import type { PcmQueue } from './pcm-queue.ts';
import { PowerSpectrum } from './power-spectrum.ts';

const FFT_SIZE = 512;
const COLUMNS_PER_SECOND = 36;
/** Decibels between the darkest and the brightest colour. */
const RANGE_DB = 55;
const SILENCE_DB = -100;

const mel = (hz: number): number => 2595 * Math.log10(1 + hz / 700);
const hertzOf = (mels: number): number => 700 * (10 ** (mels / 2595) - 1);

/** Turns sound into columns of a picture, low tones at the bottom on the mel scale; brightness follows the loudest of the last seconds. */
export class Spectrogram {
  readonly rows: number;
  readonly hop: number;
  readonly #spectrum = new PowerSpectrum(FFT_SIZE);
  readonly #samples = new Float32Array(FFT_SIZE);
  /** First and last FFT bin of each row. */
  readonly #bins: readonly (readonly [number, number])[];
  readonly #column: ImageData;
  readonly #words: Uint32Array;
  #peakDb = -40;
  #levelDb = SILENCE_DB;

  constructor(rateHz: number, rows: number) {
    this.rows = rows;
    this.hop = Math.max(1, Math.round(rateHz / COLUMNS_PER_SECOND));
    this.#column = new ImageData(1, rows);
    this.#words = new Uint32Array(this.#column.data.buffer);
    const top = mel(rateHz / 2);
    const binOf = (row: number): number => (hertzOf((top * row) / rows) * FFT_SIZE) / rateHz;
    this.#bins = Array.from({ length: rows }, (_, row) => {
      const from = Math.floor(binOf(row));
      return [from, Math.min(FFT_SIZE / 2 - 1, Math.max(from, Math.ceil(binOf(row + 1)) - 1))];
    });
  }

  /** Loudness of the newest column, dB below full scale. */
  get levelDb(): number {
    return this.#levelDb;
  }

  /** The next column that waits in the queue, or undefined. VALID UNTIL THE NEXT CALL. */
  next(queue: PcmQueue): ImageData | undefined {
    if (!queue.take(this.#samples, this.hop)) return undefined;
    const power = this.#spectrum.compute(this.#samples);
    this.#levelDb = decibels(this.#samples.reduce((sum, sample) => sum + sample * sample, 0) / FFT_SIZE);
    let loudest = SILENCE_DB;
    for (const [row, [from, to]] of this.#bins.entries()) {
      let peak = 0;
      for (let bin = from; bin <= to; bin++) peak = Math.max(peak, power[bin] ?? 0);
      const db = decibels(peak);
      loudest = Math.max(loudest, db);
      const share = 1 + (db - this.#peakDb) / RANGE_DB;
      this.#words[this.rows - 1 - row] = HEAT[Math.round(255 * Math.min(1, Math.max(0, share)))] ?? 0;
    }
    // Up at once, down slowly, and never so low that a quiet room looks like a storm.
    this.#peakDb = Math.max(-60, loudest, this.#peakDb - 0.05);
    return this.#column;
  }
}

const decibels = (power: number): number => (power <= 1e-10 ? SILENCE_DB : 10 * Math.log10(power));
