import { addMode, inRoom, silence } from './waveform.ts';

/** A ring and the pause after it begin each so many seconds; the ring itself lasts `RING_SECONDS`. */
export const RING_EVERY_SECONDS = 2.8;
export const RING_SECONDS = 1.6;

/** A mechanical telephone: a clapper between two brass gongs, 22 strokes a second, rings of 1.6 s and pauses of 1.2 s. */
export function telephoneBell(seconds: number): Float32Array {
  const sound = silence(seconds);
  const gongs = [
    [1020, 2050, 2910, 4130, 5560],
    [1290, 2570, 3730, 5210, 6890],
  ] as const;
  for (let ring = 0; ring < seconds; ring += RING_EVERY_SECONDS) {
    for (let stroke = 0; stroke < RING_SECONDS * 22; stroke++) {
      const at = ring + stroke / 22;
      if (at >= seconds) break;
      (gongs[stroke % 2] ?? gongs[0]).forEach((hz, mode) => addMode(sound, at, hz, 0.25 / (1 + 0.6 * mode), 0.07 / (1 + 0.35 * mode)));
    }
  }
  return inRoom(
    sound.map((x) => Math.tanh(x)),
    0.2,
    0.6,
  );
}
