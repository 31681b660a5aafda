import type { LogMelRecipe } from './recipe.ts';

/** Triangles over the bins of a spectrum; each row holds only the bins that it touches. */
export interface MelBank {
  readonly starts: Int32Array;
  readonly weights: readonly Float64Array[];
}

const htkMel = (hz: number): number => 1127 * Math.log(1 + hz / 700);

/** Slaney's scale: linear below 1 kHz, logarithmic above (Auditory Toolbox, 1998). */
const slaneyMel = (hz: number): number => (hz < 1000 ? (3 * hz) / 200 : 15 + (27 * Math.log(hz / 1000)) / Math.log(6.4));
const slaneyHz = (mel: number): number => (mel < 15 ? (200 * mel) / 3 : 1000 * Math.exp((Math.log(6.4) / 27) * (mel - 15)));

/** The filter bank of a recipe; `htk` and `kaldi` leave the bins at 0 Hz and at Nyquist out, as TensorFlow and Kaldi do. */
export function melBank({ melScale, mels, lowHz, highHz, fftSize, rateHz }: LogMelRecipe): MelBank {
  const isSlaney = melScale === 'slaney';
  const mel = isSlaney ? slaneyMel : htkMel;
  const low = mel(lowHz);
  const step = (mel(highHz) - low) / (mels + 1);
  const edge = (i: number): number => (isSlaney ? slaneyHz(low + i * step) : low + i * step);
  const bins = Array.from({ length: fftSize / 2 + 1 }, (_, k) => (isSlaney ? (k * rateHz) / fftSize : mel((k * rateHz) / fftSize)));
  const starts = new Int32Array(mels);
  const weights = Array.from({ length: mels }, (_, m) => {
    const [left, center, right] = [edge(m), edge(m + 1), edge(m + 2)];
    const area = isSlaney ? 2 / (right - left) : 1;
    const row = bins.map((x, k) =>
      !isSlaney && (k === 0 || k === bins.length - 1)
        ? 0
        : area * Math.max(0, Math.min((x - left) / (center - left), (right - x) / (right - center))),
    );
    const first = row.findIndex((weight) => weight > 0);
    if (first < 0) return new Float64Array(0);
    starts[m] = first;
    return Float64Array.from(row.slice(first, row.findLastIndex((weight) => weight > 0) + 1));
  });
  return { starts, weights };
}
