import { defer, map, type OperatorFunction } from 'rxjs';
import { PayloadError } from '../core/errors.ts';
import type { EncodeInput, Imu, Sample, Window } from '../core/types.ts';
import { IMU_CHANNELS } from './imu-tensor.ts';
import type { FrontEnd } from './recipe.ts';
import { SlidingGrid } from './sliding-grid.ts';

/** Windows of motion of one source in, the model's grid of them out. The grid ends where the window ends. */
export function imuWindows(recipe: FrontEnd): OperatorFunction<Window<Imu>, EncodeInput> {
  if (recipe.kind !== 'imu') throw new PayloadError('BAD_FRONT_END', `motion needs a front end of kind imu, not ${recipe.kind}`);
  return (windows$) =>
    defer(() => {
      const grid = new SlidingGrid<Sample<Imu>>(IMU_CHANNELS, recipe, ({ timeUs, payload }) => ({ timeUs, values: payload.values }));
      return windows$.pipe(map(({ members, ...meta }) => ({ ...meta, tensor: grid.next(members, meta.endUs - recipe.seconds * 1e6) })));
    });
}
