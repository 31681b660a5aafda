/**
 * Power spectrum of `size` real samples (a power of two) under a Hann window, iterative radix-2 FFT (Cooley and Tukey 1965).
 * Nothing is allocated per call.
 */
export class PowerSpectrum {
  readonly size: number;
  /** `size / 2` bins; a full-scale sine reads 1. Overwritten by each call of `compute`. */
  readonly power: Float32Array;
  readonly #window: Float32Array;
  readonly #reversed: Uint16Array;
  readonly #cos: Float32Array;
  readonly #sin: Float32Array;
  readonly #re: Float32Array;
  readonly #im: Float32Array;

  constructor(size: number) {
    this.size = size;
    this.power = new Float32Array(size / 2);
    const bits = Math.log2(size);
    this.#reversed = Uint16Array.from({ length: size }, (_, i) => {
      let reversed = 0;
      for (let bit = 0; bit < bits; bit++) reversed |= ((i >> bit) & 1) << (bits - 1 - bit);
      return reversed;
    });
    this.#window = Float32Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size));
    this.#cos = Float32Array.from({ length: size / 2 }, (_, i) => Math.cos((2 * Math.PI * i) / size));
    this.#sin = Float32Array.from({ length: size / 2 }, (_, i) => Math.sin((2 * Math.PI * i) / size));
    this.#re = new Float32Array(size);
    this.#im = new Float32Array(size);
  }

  compute(samples: Float32Array): Float32Array {
    const { size, power } = this;
    const re = this.#re;
    const im = this.#im;
    for (let i = 0; i < size; i++) {
      const from = this.#reversed[i] ?? 0;
      re[i] = (samples[from] ?? 0) * (this.#window[from] ?? 0);
      im[i] = 0;
    }
    for (let half = 1; half < size; half *= 2) {
      const stride = size / (2 * half);
      for (let start = 0; start < size; start += 2 * half) {
        for (let k = 0; k < half; k++) this.#butterfly(start + k, start + k + half, k * stride);
      }
    }
    // A Hann window passes half of the amplitude, and half of a real signal's energy is at negative frequencies.
    const scale = (4 / size) ** 2;
    for (let i = 0; i < size / 2; i++) power[i] = ((re[i] ?? 0) ** 2 + (im[i] ?? 0) ** 2) * scale;
    return power;
  }

  #butterfly(a: number, b: number, twiddle: number): void {
    const re = this.#re;
    const im = this.#im;
    const cos = this.#cos[twiddle] ?? 0;
    const sin = this.#sin[twiddle] ?? 0;
    const reB = re[b] ?? 0;
    const imB = im[b] ?? 0;
    const turnedRe = reB * cos + imB * sin;
    const turnedIm = imB * cos - reB * sin;
    const reA = re[a] ?? 0;
    const imA = im[a] ?? 0;
    re[a] = reA + turnedRe;
    im[a] = imA + turnedIm;
    re[b] = reA - turnedRe;
    im[b] = imA - turnedIm;
  }
}
