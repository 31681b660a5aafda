import { map, type OperatorFunction } from 'rxjs';
import type { Depth, EncodeInput, Picture, Thermal, Window } from '../core/types.ts';

/** The newest picture of each window, to be decoded and resized off the loop. */
export const pictureWindows = (): OperatorFunction<Window<Picture | Thermal | Depth>, EncodeInput> =>
  map(({ members, ...meta }) => {
    const newest = members.at(-1);
    if (!newest) throw new RangeError('a window without a picture');
    return { ...meta, picture: newest.payload };
  });
