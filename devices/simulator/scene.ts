import type { Modality } from '../../src/core/types.ts';

/** What can happen in a scene. Each renderer knows how each of these looks, sounds or moves. */
export type EventKind = 'walking' | 'glass' | 'telephone' | 'fire' | 'cat';

/** Something that happens once in each round of the scene. */
export interface SceneEvent {
  readonly kind: EventKind;
  /** In words, for people. */
  readonly title: string;
  /** From the beginning of the round. */
  readonly startSeconds: number;
  readonly durationSeconds: number;
  /** For each sense that notices it, prompts that a user could type. */
  readonly words: Readonly<Partial<Record<Modality, readonly string[]>>>;
}

/** Rates of the virtual devices, readings per second. */
export interface SceneRates {
  readonly camera: number;
  readonly thermal: number;
  readonly depth: number;
  readonly imu: number;
}

/**
 * A world that repeats after `loopSeconds`. All renderers are pure functions of the scene and the time in it: the same scene and
 * seed give the same pictures, sounds and motions, on any day and however the time is cut.
 */
export interface Scene {
  readonly name: string;
  readonly title: string;
  readonly seed: number;
  readonly loopSeconds: number;
  /** In order of their start; they do not overlap. */
  readonly events: readonly SceneEvent[];
  readonly rates: SceneRates;
  /** Seconds from one midnight to the next where light and warmth follow the day; absent: it is always noon. */
  readonly daySeconds?: number;
}

/** An event that is going on. */
export interface Happening {
  readonly event: SceneEvent;
  /** Seconds since it began. */
  readonly elapsed: number;
  /** 0 at its beginning, 1 at its end. */
  readonly share: number;
}

/** Seconds into the present round. */
export const roundSeconds = (scene: Scene, seconds: number): number =>
  seconds - Math.floor(seconds / scene.loopSeconds) * scene.loopSeconds;

/** The event that is going on `seconds` after the scene began, if any. */
export function happeningAt(scene: Scene, seconds: number): Happening | undefined {
  const now = roundSeconds(scene, seconds);
  for (const event of scene.events) {
    const elapsed = now - event.startSeconds;
    if (elapsed >= 0 && elapsed < event.durationSeconds) return { event, elapsed, share: elapsed / event.durationSeconds };
  }
  return undefined;
}

/** Daylight from 0 (midnight) to 1 (noon). */
export function daylight(scene: Scene, seconds: number): number {
  if (scene.daySeconds === undefined) return 1;
  return 0.5 - 0.5 * Math.cos((2 * Math.PI * (seconds + 0.25 * scene.daySeconds)) / scene.daySeconds);
}
