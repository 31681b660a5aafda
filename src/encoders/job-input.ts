import type { SingleInput } from '../core/encoder.ts';
import { PayloadError } from '../core/errors.ts';
import type { BundleEntry } from './bundle.ts';
import type { Job } from './job.ts';

/**
 * What a job gets for one input of a sense.
 *
 * @throws PayloadError `BAD_SHAPE` for a tensor of another size than the graph's
 */
export function jobInput({ modality, input: wanted }: BundleEntry, input: SingleInput): Pick<Job, 'raw' | 'item'> {
  if ('picture' in input) return { raw: { kind: 'picture', picture: input.picture } };
  if ('sound' in input) return { raw: { kind: 'sound', sound: input.sound } };
  const { shape, data } = input.tensor;
  const dims = 'shape' in wanted ? wanted.shape : shape;
  if (data.length !== dims.reduce((product, size) => product * size, 1))
    throw new PayloadError('BAD_SHAPE', `the ${modality} tensor is [${shape.join(', ')}], the graph wants [${dims.join(', ')}]`);
  return { item: [{ name: wanted.name, dims, data }] };
}
