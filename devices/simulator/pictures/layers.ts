import { happeningAt, roundSeconds, type Scene } from '../scene.ts';
import { CAT_MEOWS_AFTER_SECONDS, GLASS_FALLS_SECONDS } from '../render-sound.ts';
import { MEOW_EVERY_SECONDS, MEOW_SECONDS, mouthAt } from '../sounds/meowing.ts';
import { RING_EVERY_SECONDS, RING_SECONDS } from '../sounds/telephone-bell.ts';
import { STEP_HZ } from '../walk.ts';
import { cat } from './cat.ts';
import { flames } from './flames.ts';
import { shards, wineGlass } from './glassware.ts';
import { person, PERSON_WIDTH } from './person.ts';
import { CAMERA_WIDTH } from './svg.ts';
import { telephone } from './telephone.ts';

/** A drawing in front of the room. Equal keys mean equal drawings, so that each is rasterised once. */
export interface Layer {
  readonly key: string;
  readonly draw: () => Buffer;
  /** Where its left top corner lies, pixels. */
  readonly x: number;
  readonly y: number;
}

const WALK_PICTURES = 12;
const FLAME_PICTURES = 8;
const FLAME_SIZES = 6;

function glassLayers(scene: Scene, seconds: number): Layer[] {
  const event = scene.events.find(({ kind }) => kind === 'glass');
  const since = event ? roundSeconds(scene, seconds) - event.startSeconds : Number.NEGATIVE_INFINITY;
  if (since < 0) return [{ key: 'glass', draw: () => wineGlass(0), x: 168, y: 198 }];
  if (since < GLASS_FALLS_SECONDS) {
    const part = since / GLASS_FALLS_SECONDS;
    const lean = Math.round(100 * part);
    return [{ key: `glass ${lean}`, draw: () => wineGlass(lean), x: 172 + 30 * part, y: 200 + 220 * part * part }];
  }
  // Swept up before the next event.
  if (since > 8) return [];
  return [{ key: 'shards', draw: () => shards(scene.seed), x: 110, y: 404 }];
}

/** It jumps up, sits, breathes and meows, and jumps down. */
function catLayer(elapsed: number, durationSeconds: number): Layer {
  const up = Math.max(0, Math.min(1, elapsed / 0.5, (durationSeconds - elapsed) / 0.4));
  const voice = (elapsed - CAT_MEOWS_AFTER_SECONDS) % MEOW_EVERY_SECONDS;
  const mouth = Math.round(2 * mouthAt(voice / MEOW_SECONDS)) / 2;
  return {
    key: `cat ${mouth}`,
    draw: () => cat(mouth),
    x: 112 + 3 * Math.sin(elapsed),
    y: 480 - 440 * up * (2 - up) + 2 * Math.sin(4 * elapsed),
  };
}

/** What stands in front of the room at that moment, from back to front. */
export function layersAt(scene: Scene, seconds: number): Layer[] {
  const happening = happeningAt(scene, seconds);
  const kind = happening?.event.kind;
  const elapsed = happening?.elapsed ?? 0;
  const isRinging = kind === 'telephone' && elapsed % RING_EVERY_SECONDS < RING_SECONDS;
  const shake = isRinging ? 2 * Math.sin(2 * Math.PI * 3.7 * elapsed) : 0;
  const layers: Layer[] = [
    { key: `telephone ${isRinging}`, draw: () => telephone(isRinging), x: 540 + shake, y: 198 },
    ...glassLayers(scene, seconds),
  ];
  if (happening && kind === 'walking') {
    const picture = Math.floor(elapsed * (STEP_HZ / 2) * WALK_PICTURES) % WALK_PICTURES;
    layers.push({
      key: `person ${picture}`,
      draw: () => person(picture / WALK_PICTURES),
      x: -PERSON_WIDTH + happening.share * (CAMERA_WIDTH + PERSON_WIDTH),
      y: 56,
    });
  } else if (happening && kind === 'fire') {
    const size = Math.min(1, 0.2 + elapsed / 2, (happening.event.durationSeconds - elapsed) / 1.5);
    const step = Math.max(1, Math.round(size * FLAME_SIZES));
    const picture = step === FLAME_SIZES ? Math.floor(elapsed * 10) % FLAME_PICTURES : Math.floor(elapsed * 10) % 2;
    layers.push({ key: `flames ${step} ${picture}`, draw: () => flames(scene.seed, picture, step / FLAME_SIZES), x: 0, y: 0 });
  } else if (happening && kind === 'cat') layers.push(catLayer(elapsed, happening.event.durationSeconds));
  return layers;
}
