/** fft.js 4 has no types of its own. */
declare module 'fft.js' {
  export default class FFT {
    constructor(size: number);
    /** Fills the left half of the interleaved complex spectrum of a real input. */
    realTransform(spectrum: Float64Array, input: Float64Array): void;
  }
}
