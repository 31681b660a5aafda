import { GLASS_FALLS_SECONDS } from './render-sound.ts';
import { gauss, wander } from './random.ts';
import { happeningAt, type Happening, type Scene } from './scene.ts';
import { RING_SECONDS, RING_EVERY_SECONDS } from './sounds/telephone-bell.ts';
import { STEP_HZ } from './walk.ts';

const GRAVITY = 9.80665;

/**
 * The swing of the wrist of someone who walks: for each of the six values the size and the phase of its parts at the rate of the
 * stride, of the step and of twice the step, and how much of the heel's knock arrives there.
 */
const WALK = [
  { stride: [2, -0.8], step: [3, -3], double: [0, 0], knock: 0.5 },
  { stride: [2.2, 1.15], step: [1, 3.6], double: [0, 0], knock: 0.3 },
  { stride: [0, 0], step: [2.4, 0.15], double: [0.5, -0.2], knock: 1 },
  { stride: [0.07, 3.1], step: [0.1, -3], double: [0, 0], knock: 0 },
  { stride: [2.5, 2.6], step: [0.5, 1.55], double: [0, 0], knock: 0 },
  { stride: [0, 0], step: [1, 3], double: [0.6, -0.1], knock: 0 },
] as const;

/** What the event adds: acceleration (m/s2) and angular rate (rad/s), six values. */
function motionOf({ event, elapsed }: Happening, seed: number): readonly number[] {
  const swing = (hz: number, phase: number): number => Math.sin(2 * Math.PI * hz * elapsed + phase);
  switch (event.kind) {
    case 'walking': {
      const ease = Math.min(1, elapsed / 0.3, (event.durationSeconds - elapsed) / 0.3) * (1 + 0.1 * wander(seed, elapsed * STEP_HZ));
      const sinceStep = ((elapsed * STEP_HZ + 0.5) % 1) / STEP_HZ;
      // It runs up to the wrist and dies away within a tenth of a second.
      const heel = 5 * Math.exp(-22 * sinceStep) * Math.sin(2 * Math.PI * 13 * sinceStep);
      return WALK.map(
        ({ stride, step, double, knock }) =>
          ease *
          (stride[0] * swing(STEP_HZ / 2, stride[1]) +
            step[0] * swing(STEP_HZ, step[1]) +
            double[0] * swing(2 * STEP_HZ, double[1]) +
            knock * heel),
      );
    }
    case 'glass': {
      // Whoever wears the sensor grabs for the glass and hits the edge of the worktop, and does so again when the shards fly.
      const since = elapsed - GLASS_FALLS_SECONDS;
      const jolt = (at: number, hz: number): number =>
        since < at ? 0 : Math.exp((at - since) / 0.06) * Math.cos(2 * Math.PI * hz * (since - at));
      const [first, second] = [jolt(0.1, 9), jolt(0.75, 11)];
      return [
        42 * first - 21 * second,
        22 * first + 40 * second,
        64 * first + 30 * second,
        2.1 * first,
        1.4 * second,
        -1.6 * first + second,
      ];
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
    case 'cat':
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
