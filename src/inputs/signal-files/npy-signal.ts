import { PayloadError } from '../../core/errors.ts';
import type { Modality } from '../../core/types.ts';
import type { NpyArray } from '../../frontends/npy.ts';
import type { FrontEnd } from '../../frontends/recipe.ts';
import type { Signal } from '../../frontends/signal-tensor.ts';

/**
 * An array as a signal: sound as T floats at the recipe's rate, -1..1; pictures as H x W x 3 bytes; heat as H x W in degrees Celsius;
 * features of pictures as N or rows x N floats; depth as H x W uint16 in millimetres; motion as N x 7: t_ms, ax, ay, az, gx, gy, gz.
 *
 * @throws PayloadError `BAD_NPY` for another shape or type
 */
export function npySignal(modality: Modality, { shape, data }: NpyArray, recipe: FrontEnd): Signal {
  const [height = 0, width = 0, depth] = shape;
  const fail = (wanted: string): PayloadError =>
    new PayloadError('BAD_NPY', `${modality} of shape (${shape.join(', ')}) and ${data.constructor.name}; wanted ${wanted}`);
  const isFloat = data instanceof Float32Array || data instanceof Float64Array;
  switch (modality) {
    case 'audio':
      if (shape.length !== 1 || !isFloat || !('rateHz' in recipe)) throw fail('one axis of float32 or float64, -1..1');
      return { kind: 'sound', sound: { kind: 'pcm', rateHz: recipe.rateHz, data: Float32Array.from(data) } };
    case 'image':
      if (recipe.kind === 'features') {
        const { size } = recipe;
        if ((shape.length !== 1 && shape.length !== 2) || shape.at(-1) !== size || !isFloat)
          throw fail(`one or more rows of ${size} float32 or float64: features of pictures`);
        return {
          kind: 'features',
          rows: Array.from({ length: data.length / size }, (_, i) => Float32Array.from(data.subarray(i * size, (i + 1) * size))),
        };
      }
      if (shape.length !== 3 || depth !== 3 || !(data instanceof Uint8Array)) throw fail('height x width x 3 of uint8');
      return { kind: 'picture', picture: { kind: 'rgb24', width, height, data } };
    case 'thermal':
      if (shape.length !== 2 || !isFloat) throw fail('height x width of float32 or float64, in degrees Celsius');
      return { kind: 'picture', picture: { kind: 'thermal', width, height, celsius: Float32Array.from(data) } };
    case 'depth':
      if (shape.length !== 2 || !(data instanceof Uint16Array)) throw fail('height x width of uint16, in millimetres');
      return { kind: 'picture', picture: { kind: 'depth', width, height, mm: data } };
    case 'imu':
      if (shape.length !== 2 || width !== 7) throw fail('rows x 7: t_ms, ax, ay, az, gx, gy, gz');
      return {
        kind: 'motion',
        rows: Array.from({ length: height }, (_, i) => ({
          timeUs: (data[i * 7] ?? 0) * 1000,
          values: data.subarray(i * 7 + 1, i * 7 + 7),
        })),
      };
    default:
      throw fail('the array of a known sense: files of sensors of your own are not read');
  }
}
