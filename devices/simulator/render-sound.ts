import type { Scene, SceneEvent } from './scene.ts';
import { ambience } from './sounds/ambience.ts';
import { breakingGlass } from './sounds/breaking-glass.ts';
import { footsteps } from './sounds/footsteps.ts';
import { meowing } from './sounds/meowing.ts';
import { smokeAlarm } from './sounds/smoke-alarm.ts';
import { telephoneBell } from './sounds/telephone-bell.ts';
import { SOUND_RATE_HZ } from './sounds/waveform.ts';
import { STEP_HZ, stepMoments } from './walk.ts';

/** The alarm needs a moment to smell the smoke. */
const ALARM_AFTER_SECONDS = 1.5;
/** The glass is on its way down for so long. */
export const GLASS_FALLS_SECONDS = 0.4;
/** The cat jumps up first. */
export const CAT_MEOWS_AFTER_SECONDS = 0.7;
const AMBIENCE_SECONDS = 10;

interface Clip {
  readonly fromSample: number;
  readonly sound: Float32Array;
}

/** Where and with what an event is heard. */
function clipOf(event: SceneEvent, seed: number): Clip {
  const at = (seconds: number): number => Math.round((event.startSeconds + seconds) * SOUND_RATE_HZ);
  switch (event.kind) {
    case 'walking':
      return { fromSample: at(0), sound: footsteps(event.durationSeconds, stepMoments(event.durationSeconds), STEP_HZ, seed + 11) };
    case 'glass':
      return { fromSample: at(GLASS_FALLS_SECONDS), sound: breakingGlass(seed + 6) };
    case 'telephone':
      return { fromSample: at(0), sound: telephoneBell(event.durationSeconds, seed + 13) };
    case 'cat':
      return { fromSample: at(CAT_MEOWS_AFTER_SECONDS), sound: meowing(event.durationSeconds - CAT_MEOWS_AFTER_SECONDS, seed + 17) };
    case 'fire':
      return { fromSample: at(ALARM_AFTER_SECONDS), sound: smokeAlarm(event.durationSeconds - ALARM_AFTER_SECONDS) };
  }
}

interface Track {
  readonly background: Float32Array;
  readonly clips: readonly Clip[];
}

const tracks = new WeakMap<Scene, Track>();

function trackOf(scene: Scene): Track {
  let track = tracks.get(scene);
  if (!track) {
    track = { background: ambience(AMBIENCE_SECONDS, scene.seed), clips: scene.events.map((event) => clipOf(event, scene.seed)) };
    tracks.set(scene, track);
  }
  return track;
}

/**
 * What the microphone hears: `count` samples of 16 bits, mono, at `SOUND_RATE_HZ`, from sample `fromSample` of the scene on. The
 * samples do not depend on how the time is cut into calls. The sounds of a scene are made once, at the first call (about 0.3 s).
 */
export function renderSound(scene: Scene, fromSample: number, count: number): Int16Array {
  const { background, clips } = trackOf(scene);
  const loop = Math.round(scene.loopSeconds * SOUND_RATE_HZ);
  const out = new Int16Array(count);
  const mixed = new Float32Array(count);
  for (let i = 0; i < count; i++) mixed[i] = background[(fromSample + i) % background.length] ?? 0;
  for (const { fromSample: begin, sound } of clips) {
    for (let i = 0; i < count;) {
      const at = ((fromSample + i) % loop) - begin;
      // A run of samples that is wholly inside or wholly outside of the clip.
      if (at >= 0 && at < sound.length) {
        const run = Math.min(count - i, sound.length - at);
        for (let k = 0; k < run; k++) mixed[i + k] = (mixed[i + k] ?? 0) + (sound[at + k] ?? 0);
        i += run;
      } else i += Math.min(count - i, at < 0 ? -at : loop - at - begin);
    }
  }
  for (let i = 0; i < count; i++) out[i] = Math.max(-32_768, Math.min(32_767, Math.round(32_767 * (mixed[i] ?? 0))));
  return out;
}
