import { describe, expect, it } from 'vitest';
import { dot, normalise } from '../../space/vector.ts';
import { principalDirections } from '../../space/bind/principal-directions.ts';
import { seeded } from '../../space/bind/seeded.ts';
import { retrieval } from '../../space/bind/retrieval.ts';
import { loadOrt } from '../load-ort.ts';
import { contrastiveStep } from '../onnx/contrastive-step.ts';
import { trainHead, type PairRows, type TrainOptions } from './train-head.ts';

const ort = await loadOrt();
const [inputs, dim] = [24, 16];

/** Unit anchors, and features that are a fixed linear picture of them with noise. */
function pairs(count: number, seed: number, noise = 0.3): PairRows & { readonly rows: { feature: Float32Array; anchor: Float32Array }[] } {
  const random = seeded(seed);
  const map = seeded(7);
  const mix = Array.from({ length: inputs * dim }, () => map() - 0.5);
  const rows = Array.from({ length: count }, () => {
    const anchor = normalise(Float32Array.from({ length: dim }, () => random() - 0.5));
    const feature = Float32Array.from({ length: inputs }, (_, i) =>
      anchor.reduce((sum, value, j) => sum + value * (mix[i * dim + j] ?? 0), noise * (random() - 0.5)),
    );
    return { feature, anchor };
  });
  return {
    rows,
    features: Float32Array.from(rows.flatMap(({ feature }) => [...feature])),
    anchors: Float32Array.from(rows.flatMap(({ anchor }) => [...anchor])),
    moments: new Int32Array(count).fill(-1),
  };
}

const options: TrainOptions = {
  inputs,
  dim,
  start: 'small',
  temperature: 0.1,
  duplicateCosine: 0.99,
  seed: 1,
  batch: 64,
  steps: 200,
  learningRate: 0.02,
  weightDecay: 0,
  patience: 10,
};
const apply = ({ weights, bias }: { weights: Float32Array; bias: Float32Array }, feature: Float32Array): Float32Array =>
  normalise(bias.map((b, j) => feature.reduce((sum, value, i) => sum + value * (weights[i * dim + j] ?? 0), b)));

describe('trainHead', () => {
  it('learns a map that finds pairs which it has never seen, and reports how far it is', async () => {
    const steps: number[] = [];
    const train = pairs(300, 1);
    const { head } = await trainHead(ort, train, pairs(60, 2), options, ({ step }) => void steps.push(step));
    const test = pairs(100, 3).rows.map(({ feature, anchor }, i) => ({ key: `${i}`, vector: apply(head, feature), anchor }));
    const { recall, chance, sigmas } = retrieval(
      test,
      test.map(({ key, anchor }) => ({ key, vector: anchor })),
    );
    expect(chance[1]).toBe(0.01);
    expect(recall[1]).toBeGreaterThan(0.8);
    expect(sigmas).toBeGreaterThan(10);
    expect(steps.slice(0, 3)).toEqual([5, 10, 15]);
  });

  it('gives the same head for the same seed', async () => {
    const run = async () => (await trainHead(ort, pairs(80, 1), pairs(20, 2), { ...options, steps: 10 }, () => undefined)).head.weights;
    expect(await run()).toEqual(await run());
  });

  it('learns within a few directions of the features only, where it is told so', async () => {
    const train = pairs(20, 1);
    const rows = train.rows.map(({ feature }) => feature);
    const within = principalDirections(rows, 4);
    const terms: TrainOptions = { ...options, within, steps: 60 };
    const { head } = await trainHead(ort, train, pairs(20, 2), terms, () => undefined);
    const across = Float32Array.from({ length: inputs }, (_, i) => i + 1);
    for (const direction of [...within, ...within]) {
      const along = dot(across, direction);
      for (let i = 0; i < inputs; i++) across[i] = (across[i] ?? 0) - along * (direction[i] ?? 0);
    }
    const moved = apply({ ...head, bias: new Float32Array(dim) }, within[0]!).some((value) => Math.abs(value) > 1e-3);
    expect(moved).toBe(true);
    for (let j = 0; j < dim; j++)
      expect(across.reduce((sum, value, i) => sum + value * (head.weights[i * dim + j] ?? 0), 0)).toBeCloseTo(0, 3);
  });

  it('keeps the step that matches the validation pairs best: of shuffled pairs, near the first', async () => {
    const train = pairs(60, 1);
    const shuffled = { ...train, anchors: pairs(60, 9).anchors };
    const { bestStep, stepsDone } = await trainHead(ort, shuffled, pairs(40, 2), { ...options, steps: 400 }, () => undefined);
    expect(stepsDone).toBeLessThan(400);
    expect(bestStep).toBeLessThan(stepsDone);
  });

  it('begins at the identity where the features are vectors of the space', async () => {
    const { rows, anchors, moments } = pairs(40, 1);
    const same = { features: anchors, anchors, moments };
    const { head } = await trainHead(ort, same, same, { ...options, inputs: dim, start: 'identity', steps: 1 }, () => undefined);
    for (const { anchor } of rows) expect(dot(apply(head, anchor), anchor)).toBeGreaterThan(0.98);
  });
});

describe('contrastiveStep', () => {
  const tensor = (data: Float32Array, dims: number[]) => new ort.Tensor('float32', data, dims);
  const eyeOf = (n: number) => Float32Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));

  it('gives the gradient that finite differences give', async () => {
    const n = 6;
    const { features, anchors } = pairs(n, 4);
    const session = await ort.InferenceSession.create(contrastiveStep({ inputs, dim, temperature: 0.3, duplicateCosine: 2 }));
    const random = seeded(5);
    const w = Float32Array.from({ length: inputs * dim }, () => random() - 0.5);
    const b = Float32Array.from({ length: dim }, () => random() - 0.5);
    const run = async (weights: Float32Array, bias: Float32Array) => {
      const answer = await session.run({
        x: tensor(features, [n, inputs]),
        anchors: tensor(anchors, [n, dim]),
        w: tensor(weights, [inputs, dim]),
        b: tensor(bias, [dim]),
        eye: tensor(eyeOf(n), [n, n]),
        others: tensor(new Float32Array(n * n), [n, n]),
      });
      const data = (name: string) => answer[name]!.data as Float32Array;
      const loss = [...data('rows'), ...data('columns')].reduce((sum, p) => sum - Math.log(p), 0) / 2;
      return { loss, dw: data('dw'), db: data('db') };
    };
    const { dw, db } = await run(w, b);
    const nudged = (values: Float32Array, i: number, by: number) => values.map((value, at) => (at === i ? value + by : value));
    for (const i of [0, 37, 200, 383]) {
      const slope = ((await run(nudged(w, i, 0.01), b)).loss - (await run(nudged(w, i, -0.01), b)).loss) / 0.02;
      expect(dw[i]).toBeCloseTo(slope, 2);
    }
    for (const i of [0, 7, 15]) {
      const slope = ((await run(w, nudged(b, i, 0.01))).loss - (await run(w, nudged(b, i, -0.01))).loss) / 0.02;
      expect(db[i]).toBeCloseTo(slope, 2);
    }
  });

  it('does not push the same thing, or one moment, apart', async () => {
    const anchor = normalise(Float32Array.from({ length: dim }, (_, i) => i + 1));
    const session = await ort.InferenceSession.create(contrastiveStep({ inputs: dim, dim, temperature: 0.1, duplicateCosine: 0.99 }));
    const twice = Float32Array.from([...anchor, ...anchor]);
    const answer = await session.run({
      x: tensor(twice, [2, dim]),
      anchors: tensor(twice, [2, dim]),
      w: tensor(eyeOf(dim), [dim, dim]),
      b: tensor(new Float32Array(dim), [dim]),
      eye: tensor(eyeOf(2), [2, 2]),
      others: tensor(new Float32Array(4), [2, 2]),
    });
    expect([...(answer['rows']!.data as Float32Array)]).toEqual([1, 1]);
  });
});
