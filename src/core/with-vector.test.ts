import fc from 'fast-check';
import { expect, it } from 'vitest';
import { withVector } from './with-vector.ts';

it('is JSON that gives back every number of the vector, and the rest of the message', () => {
  fc.assert(
    fc.property(fc.float32Array({ noNaN: true, noDefaultInfinity: true }), fc.string(), (vector, source) => {
      const read = JSON.parse(withVector({ source, samples: { last: 3 } }, vector)) as { vector: number[] };
      expect(read).toMatchObject({ source, samples: { last: 3 } });
      // JSON knows no minus zero that anyone would miss.
      expect(Float32Array.from(read.vector, (value) => value + 0)).toEqual(vector.map((value) => value + 0));
    }),
  );
});
