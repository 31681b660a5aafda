import { map, type OperatorFunction } from 'rxjs';
import type { EncodeInput, Features, Window } from '../core/types.ts';

/** The newest row of numbers of each window, as it is: the tensor of a bundle that begins with features. */
export const featureWindows = (): OperatorFunction<Window<Features>, EncodeInput> =>
  map(({ members, ...meta }) => {
    const values = members.at(-1)?.payload.values ?? new Float32Array(0);
    return { ...meta, tensor: { shape: [values.length], data: values } };
  });
