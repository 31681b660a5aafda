import { noise } from '../random.ts';

/** Samples per second of all simulated sound. */
export const SOUND_RATE_HZ = 48_000;

/** Silence of so many seconds. */
export const silence = (seconds: number): Float32Array => new Float32Array(Math.round(seconds * SOUND_RATE_HZ));

/** Adds `sound` times `gain` into `target` from `atSeconds` on; what does not fit is cut. */
export function mixInto(target: Float32Array, sound: Float32Array, atSeconds: number, gain = 1): void {
  const from = Math.round(atSeconds * SOUND_RATE_HZ);
  const count = Math.min(sound.length, target.length - from);
  for (let i = Math.max(0, -from); i < count; i++) target[from + i] = (target[from + i] ?? 0) + gain * (sound[i] ?? 0);
}

/** White noise, -1..1. */
export function whiteNoise(seconds: number, seed: number): Float32Array {
  return silence(seconds).map((_, index) => noise(seed, index));
}

/** Second-order band-pass with 0 dB at its centre (R. Bristow-Johnson, "Cookbook formulae for audio EQ biquad filter coefficients"). */
export function bandPass(sound: Float32Array, centreHz: number, quality: number): Float32Array {
  const omega = (2 * Math.PI * centreHz) / SOUND_RATE_HZ;
  const alpha = Math.sin(omega) / (2 * quality);
  const b0 = alpha / (1 + alpha);
  const a1 = (-2 * Math.cos(omega)) / (1 + alpha);
  const a2 = (1 - alpha) / (1 + alpha);
  const out = new Float32Array(sound.length);
  let [x1, x2, y1, y2] = [0, 0, 0, 0];
  for (let i = 0; i < sound.length; i++) {
    const x = sound[i] ?? 0;
    const y = b0 * (x - x2) - a1 * y1 - a2 * y2;
    [x2, x1, y2, y1] = [x1, x, y1, y];
    out[i] = y;
  }
  return out;
}

/** One-pole low-pass. */
export function lowPass(sound: Float32Array, cornerHz: number): Float32Array {
  const a = 1 - Math.exp((-2 * Math.PI * cornerHz) / SOUND_RATE_HZ);
  let y = 0;
  return sound.map((x) => (y += a * (x - y)));
}

/** Adds to `target` a sine that dies away: `amplitude * exp(-t / decaySeconds)`. */
export function addMode(target: Float32Array, atSeconds: number, hz: number, decaySeconds: number, amplitude: number): void {
  const from = Math.round(atSeconds * SOUND_RATE_HZ);
  const count = Math.min(target.length - from, Math.ceil(7 * decaySeconds * SOUND_RATE_HZ));
  const fade = Math.exp(-1 / (decaySeconds * SOUND_RATE_HZ));
  const step = (2 * Math.PI * hz) / SOUND_RATE_HZ;
  let level = amplitude;
  for (let i = 0; i < count; i++) {
    target[from + i] = (target[from + i] ?? 0) + level * Math.sin(step * i);
    level *= fade;
  }
}

/** The sound in a small hard room: its echoes off a few walls, each duller and weaker. Longer than the sound by `tailSeconds`. */
export function inRoom(sound: Float32Array, wet = 0.25, tailSeconds = 0.5): Float32Array {
  const out = new Float32Array(sound.length + Math.round(tailSeconds * SOUND_RATE_HZ));
  out.set(sound);
  // Feedback delays of mutually prime lengths (M. R. Schroeder, "Natural sounding artificial reverberation", JAES 1962).
  for (const [delay, feedback] of [
    [1423, 0.72],
    [1777, 0.7],
    [2131, 0.66],
    [2683, 0.62],
  ] as const) {
    const line = new Float32Array(delay);
    let dull = 0;
    for (let i = 0; i < out.length; i++) {
      const at = i % delay;
      const echo = line[at] ?? 0;
      dull += 0.45 * (echo - dull);
      line[at] = (i < sound.length ? (sound[i] ?? 0) : 0) + feedback * dull;
      out[i] = (out[i] ?? 0) + (wet / 2) * echo;
    }
  }
  return out;
}

/** The sound made so loud that its highest peak is `peak`. */
export function atPeak(sound: Float32Array, peak: number): Float32Array {
  let highest = 1e-9;
  for (const x of sound) highest = Math.max(highest, Math.abs(x));
  return sound.map((x) => (peak / highest) * x);
}
