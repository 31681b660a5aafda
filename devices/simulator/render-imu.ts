import { GLASS_FALLS_SECONDS } from './render-sound.ts';
import { gauss, wander } from './random.ts';
import { happeningAt, type Happening, type Scene } from './scene.ts';
import { RING_SECONDS, RING_EVERY_SECONDS } from './sounds/telephone-bell.ts';
import { STEP_HZ } from './walk.ts';

const GRAVITY = 9.80665;

/** What the event adds: acceleration (m/s2) and angular rate (rad/s), six values. */
function motionOf({ event, elapsed }: Happening, seed: number): readonly number[] {
  const swing = (hz: number, phase: number): number => Math.sin(2 * Math.PI * hz * elapsed + phase);
  switch (event.kind) {
    case 'walking': {
      const ease = Math.min(1, elapsed / 0.5, (event.durationSeconds - elapsed) / 0.5);
      const vary = 1 + 0.2 * wander(seed, elapsed * STEP_HZ);
      const sinceStep = (elapsed * STEP_HZ + 0.5) % 1;
      // The heel's knock runs up to the wrist and dies away within a tenth of a second.
      const knock = 3.2 * Math.exp((-sinceStep / STEP_HZ) * 22) * Math.sin((2 * Math.PI * 13 * sinceStep) / STEP_HZ);
      const arm = STEP_HZ / 2;
      return [
        ease * vary * (2.1 * swing(arm, 0.3) + 0.9 * swing(STEP_HZ, 1) + 0.5 * knock),
        ease * vary * (1.2 * swing(arm, 1.2) + 0.7 * swing(STEP_HZ, 0.2) + 0.3 * knock),
        ease * vary * (1.9 * swing(STEP_HZ, 0) + 0.6 * swing(2 * STEP_HZ, 0.7) + knock),
        ease * vary * (0.5 * swing(arm, 0) + 0.25 * swing(STEP_HZ, 0.4)),
        ease * vary * (1.7 * swing(arm, 1.5) + 0.3 * swing(STEP_HZ, 0.9)),
        ease * vary * (0.7 * swing(arm, 2.6) + 0.3 * swing(2 * STEP_HZ, 0.1)),
      ];
    }
    case 'glass': {
      // A start at the crash: the hand jerks and trembles for half a second.
      const since = elapsed - GLASS_FALLS_SECONDS - 0.05;
      if (since < 0 || since > 1.5) return [0, 0, 0, 0, 0, 0];
      const jolt = Math.exp(-since * 9);
      const ring = (hz: number, phase: number): number => jolt * Math.sin(2 * Math.PI * hz * since + phase);
      return [26 * ring(7.1, 0.4), 17 * ring(9.3, 0), 34 * ring(6.2, 0.2), 3 * ring(5, 0), 4 * ring(6, 0.5), 2 * ring(4.4, 1)];
    }
    case 'telephone': {
      if (elapsed % RING_EVERY_SECONDS > RING_SECONDS) return [0, 0, 0, 0, 0, 0];
      // The motor's 23 Hz; a real one turns faster and is seen folded down by the sensor's 100 Hz.
      return [
        1.6 * swing(23, 0),
        1.3 * swing(23, 1.57),
        0.5 * swing(23, 0.8),
        0.12 * swing(23, 0.2),
        0.1 * swing(23, 1.8),
        0.05 * swing(23, 1),
      ];
    }
    case 'fire':
      return [0, 0, 0, 0, 0, 0];
  }
}

/**
 * What the sensor on the wrist feels at reading number `index`: acceleration x y z with gravity (m/s2) and angular rate x y z
 * (rad/s). Noise of about 20 mg and 0.1 degrees/s, a small bias of the gyroscope, and a hand that is never wholly still.
 */
export function renderImu(scene: Scene, index: number): Float32Array {
  const seconds = index / scene.rates.imu;
  const inRound = index % Math.round(scene.loopSeconds * scene.rates.imu);
  const happening = happeningAt(scene, seconds);
  const added = happening ? motionOf(happening, scene.seed) : undefined;
  const tilt = 0.04 * wander(scene.seed + 21, inRound / scene.rates.imu / 3);
  const roll = 0.5 + 0.03 * wander(scene.seed + 22, inRound / scene.rates.imu / 4);
  const base = [
    GRAVITY * Math.sin(tilt),
    GRAVITY * Math.cos(tilt) * Math.sin(roll),
    GRAVITY * Math.cos(tilt) * Math.cos(roll),
    0.004,
    -0.003,
    0.002,
  ];
  const values = new Float32Array(6);
  for (let axis = 0; axis < 6; axis++) {
    values[axis] = (base[axis] ?? 0) + (added?.[axis] ?? 0) + (axis < 3 ? 0.02 : 0.002) * gauss(scene.seed + 30 + axis, inRound);
  }
  return values;
}
