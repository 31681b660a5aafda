import { inRoom, mixInto, silence, SOUND_RATE_HZ } from './waveform.ts';

/** A smoke alarm: the temporal-three pattern of ISO 8201 (three beeps of half a second, then a pause) on a 3.1 kHz piezo disc. */
export function smokeAlarm(seconds: number): Float32Array {
  const beep = silence(0.5);
  for (let i = 0; i < beep.length; i++) {
    const edge = Math.min(1, i / 200, (beep.length - i) / 400);
    const phase = (2 * Math.PI * 3100 * i) / SOUND_RATE_HZ;
    beep[i] = edge * (Math.sin(phase) + 0.25 * Math.sin(2 * phase) + 0.2 * Math.sin(3 * phase));
  }
  const sound = silence(seconds);
  for (let at = 0; at < seconds; at += 0.5 * 8) {
    for (const beat of [0, 1, 2]) mixInto(sound, beep, at + beat, 0.3);
  }
  return inRoom(sound, 0.3, 0.4);
}
