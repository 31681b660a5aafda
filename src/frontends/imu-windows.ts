import { map, type OperatorFunction } from 'rxjs';
import { PayloadError } from '../core/errors.ts';
import type { EncodeInput, Imu, Window } from '../core/types.ts';
import { imuTensor } from './imu-tensor.ts';
import type { FrontEnd } from './recipe.ts';

/** Windows of motion in, the model's grid of them out. The grid ends where the window ends. */
export function imuWindows(recipe: FrontEnd): OperatorFunction<Window<Imu>, EncodeInput> {
  if (recipe.kind !== 'imu') throw new PayloadError('BAD_FRONT_END', `motion needs a front end of kind imu, not ${recipe.kind}`);
  return map(({ members, ...meta }) => ({
    ...meta,
    tensor: imuTensor(
      members.map(({ timeUs, payload }) => ({ timeUs, values: payload.values })),
      recipe,
      meta.endUs - recipe.seconds * 1e6,
    ),
  }));
}
