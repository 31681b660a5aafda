import { UsageError } from '../../src/core/errors.ts';
import { noise } from './random.ts';
import type { EventKind, Scene, SceneEvent, SceneRates } from './scene.ts';

type Plan = Omit<Scene, 'name' | 'seed'>;

const rates: SceneRates = { camera: 10, thermal: 4, depth: 2, imu: 100 };

const walking: SceneEvent = {
  kind: 'walking',
  title: 'someone who wears the wrist sensor walks through the kitchen',
  startSeconds: 7,
  durationSeconds: 8,
  words: { audio: ['footsteps'], imu: ['a person walking'] },
};
const glass: SceneEvent = {
  kind: 'glass',
  title: 'a glass falls from the worktop and breaks',
  startSeconds: 20,
  durationSeconds: 3,
  words: { audio: ['glass breaking'], imu: ['a sudden impact'] },
};
const telephone: SceneEvent = {
  kind: 'telephone',
  title: 'the telephone rings and the watch on the wrist buzzes',
  startSeconds: 29,
  durationSeconds: 8.4,
  words: { audio: ['a telephone ringing'], imu: ['vibration'] },
};
const fire: SceneEvent = {
  kind: 'fire',
  title: 'the pan on the stove catches fire and the smoke alarm beeps',
  startSeconds: 42,
  durationSeconds: 12,
  words: { audio: ['a smoke alarm beeping'], image: ['fire'], thermal: ['fire'] },
};
const cat: SceneEvent = {
  kind: 'cat',
  title: 'a cat jumps on the stove and meows',
  startSeconds: 58,
  durationSeconds: 8,
  words: { audio: ['a cat meowing'], image: ['a cat'] },
};
const later = (event: SceneEvent, startSeconds: number): SceneEvent => ({ ...event, startSeconds });

const plans: Readonly<Record<string, Plan>> = {
  kitchen: {
    title: 'a kitchen in which something happens every quarter of a minute',
    loopSeconds: 70,
    rates,
    events: [walking, glass, telephone, fire, cat],
  },
  calm: { title: 'the same kitchen, and nothing happens', loopSeconds: 60, rates, events: [] },
  drift: {
    title: 'a day and a night in ten minutes, with one fire at night and one by day',
    loopSeconds: 600,
    rates,
    daySeconds: 600,
    events: [later(fire, 120), later(fire, 420)],
  },
  overload: {
    title: 'the kitchen at three times the rates, to see what gives way',
    loopSeconds: 70,
    rates: { camera: 30, thermal: 16, depth: 10, imu: 200 },
    events: [walking, glass, telephone, fire, cat],
  },
};

/** The names of all scenes. */
export const sceneNames: readonly string[] = Object.keys(plans);

/** By how much a seed moves an event, seconds. */
const JITTER: Readonly<Record<EventKind, number>> = { walking: 1, glass: 1, telephone: 1, fire: 1, cat: 1 };

/**
 * The scene of that name. The seed moves the events by up to a second and decides every drop of noise.
 *
 * @throws UsageError for a name that is none of `sceneNames`
 */
export function openScene(name: string, seed = 1): Scene {
  const plan = plans[name];
  if (!plan) throw new UsageError('SCENE_UNKNOWN', `there is no scene "${name}": use one of ${sceneNames.join(', ')}`);
  const events = plan.events.map((event, index) => ({
    ...event,
    startSeconds: Math.round(10 * (event.startSeconds + (seed === 1 ? 0 : JITTER[event.kind] * noise(seed, index)))) / 10,
  }));
  return { name, seed, ...plan, events };
}
