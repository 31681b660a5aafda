import FFT from 'fft.js';
import { melBank } from './mel-bank.ts';
import type { LogMelRecipe } from './recipe.ts';

/**
 * Computes one log-mel frame at a time. A frame depends on its own samples only, so frames of overlapping windows are the same
 * to the last bit whoever computes them.
 */
export class MelFrames {
  readonly #recipe: LogMelRecipe;
  readonly #fft: FFT;
  readonly #window: Float64Array;
  readonly #bank: ReturnType<typeof melBank>;
  readonly #frame: Float64Array;
  readonly #spectrum: Float64Array;
  readonly #energies: Float64Array;

  constructor(recipe: LogMelRecipe) {
    this.#recipe = recipe;
    this.#fft = new FFT(recipe.fftSize);
    this.#window = windowOf(recipe);
    this.#bank = melBank(recipe);
    this.#frame = new Float64Array(recipe.fftSize);
    this.#spectrum = new Float64Array(recipe.fftSize * 2);
    this.#energies = new Float64Array(recipe.fftSize / 2 + 1);
  }

  /** How many whole frames lie in so many samples. */
  framesIn(samples: number): number {
    const { windowSamples, hopSamples } = this.#recipe;
    return samples < windowSamples ? 0 : 1 + Math.floor((samples - windowSamples) / hopSamples);
  }

  /** Writes the `mels` values of the frame that begins at `start` to `out` from `at` on. */
  compute(samples: Float32Array, start: number, out: Float32Array, at: number): void {
    const { windowSamples, removeDc, preEmphasis, spectrum, log, mels } = this.#recipe;
    const frame = this.#frame;
    let mean = 0;
    if (removeDc) {
      for (let i = 0; i < windowSamples; i++) mean += samples[start + i] ?? 0;
      mean /= windowSamples;
    }
    let before = (samples[start] ?? 0) - mean;
    for (let i = 0; i < windowSamples; i++) {
      const value = (samples[start + i] ?? 0) - mean;
      frame[i] = (value - preEmphasis * before) * (this.#window[i] ?? 0);
      before = value;
    }
    frame.fill(0, windowSamples);
    this.#fft.realTransform(this.#spectrum, frame);
    for (let k = 0; k < this.#energies.length; k++) {
      const re = this.#spectrum[2 * k] ?? 0;
      const im = this.#spectrum[2 * k + 1] ?? 0;
      const power = re * re + im * im;
      this.#energies[k] = spectrum === 'power' ? power : Math.sqrt(power);
    }
    const { starts, weights } = this.#bank;
    for (let m = 0; m < mels; m++) {
      const row = weights[m];
      const first = starts[m] ?? 0;
      let sum = 0;
      if (row) for (let k = 0; k < row.length; k++) sum += (row[k] ?? 0) * (this.#energies[first + k] ?? 0);
      const value = Math.max(sum + (log.offset ?? 0), log.floor ?? 0);
      out[at + m] = log.kind === 'ln' ? Math.log(value) : 10 * Math.log10(value);
    }
  }
}

function windowOf({ window, windowSamples }: LogMelRecipe): Float64Array {
  const period = window === 'hann-periodic' ? windowSamples : windowSamples - 1;
  const [a, b] = window === 'hamming-symmetric' ? [0.54, 0.46] : [0.5, 0.5];
  return Float64Array.from({ length: windowSamples }, (_, i) => a - b * Math.cos((2 * Math.PI * i) / period));
}
