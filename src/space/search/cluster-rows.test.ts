import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noise } from '../../../test/helpers/onnx-writer.ts';
import { dot, normalise } from '../vector.ts';
import { clusterRows, type Clustered } from './cluster-rows.ts';
import { reach } from './cluster-table.ts';
import { quantise } from './quantise.ts';

const DIM = 48;

/** Unit vectors around a few centres, in bytes. */
function scenes(count: number, scenesOf: number, width: number): Int8Array {
  const rows = new Int8Array(count * DIM);
  const centres = Array.from({ length: scenesOf }, (_, i) => normalise(noise(DIM, i + 1)));
  for (let row = 0; row < count; row++) {
    const spread = normalise(noise(DIM, 1000 + row));
    const vector = normalise((centres[row % scenesOf] ?? spread).map((value, i) => value + width * (spread[i] ?? 0)));
    quantise(vector, rows.subarray(row * DIM, (row + 1) * DIM));
  }
  return rows;
}

function run(rows: Int8Array): Clustered {
  const work = clusterRows(rows, rows.length / DIM, DIM);
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

const unit = (bytes: Int8Array): Float32Array => normalise(Float32Array.from(bytes));

describe('clusterRows', () => {
  it('gives each row one place, in a cluster whose range of cosines it is within', () => {
    const rows = scenes(1500, 7, 0.5);
    const { table, order } = run(rows);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1500 }, (_, i) => i));
    expect([table.starts[0], table.starts.at(-1)]).toEqual([0, 1500]);
    for (let i = 0; i < table.scales.length; i++) {
      const centre = unit(table.centres.subarray(i * DIM, (i + 1) * DIM));
      for (const row of order.subarray(table.starts[i], table.starts[i + 1])) {
        const cosine = dot(centre, unit(rows.subarray(row * DIM, (row + 1) * DIM)));
        expect(cosine).toBeGreaterThan((table.least[i] ?? 2) - 1e-4);
        expect(cosine).toBeLessThan((table.most[i] ?? -2) + 1e-4);
      }
    }
  });

  it('gives what came once a cluster of its own beside what is always there', () => {
    const rows = scenes(640, 1, 0.05);
    const once = normalise(noise(DIM, 77));
    quantise(once, rows.subarray(333 * DIM, 334 * DIM));
    const { table, order } = run(rows);
    const place = order.indexOf(333);
    const cluster = table.starts.findIndex((start, i) => start <= place && place < (table.starts[i + 1] ?? 0));
    expect((table.starts[cluster + 1] ?? 0) - (table.starts[cluster] ?? 0)).toBe(1);
    expect(table.least[cluster]).toBeGreaterThan(0.999);
  });

  it('bears rows of zeros, and rows that are all the same', () => {
    for (const value of [0, 5]) {
      const { table, order } = run(new Int8Array(200 * DIM).fill(value));
      expect(new Set(order).size).toBe(200);
      expect([...table.least, ...table.most].every(Number.isFinite)).toBe(true);
    }
  });
});

describe('reach', () => {
  it('is never below a cosine that geometry allows, where everything is believed to be shared', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 1e6 }), (a, b, c) => {
        const [query, centre, row] = [a, b, c].map((seed) => normalise(noise(4, seed)));
        const cosine = dot(centre!, row!);
        expect(reach(dot(query!, centre!), cosine, cosine, 1)).toBeGreaterThan(dot(query!, row!) - 1e-6);
        expect(reach(dot(query!, centre!), cosine - 0.1, Math.min(1, cosine + 0.1), 1)).toBeGreaterThan(dot(query!, row!) - 1e-6);
      }),
    );
  });
});
