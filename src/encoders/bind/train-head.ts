import type { LinearHead } from '../onnx/append-head.ts';
import { contrastiveStep } from '../onnx/contrastive-step.ts';
import type { Ort } from '../load-ort.ts';
import { seeded } from '../../space/bind/seeded.ts';

/** Pairs to learn from, row-major. */
export interface PairRows {
  /** Features of the new sensor, rows x inputs. */
  readonly features: Float32Array;
  /** Unit vectors of the anchor, rows x dim. */
  readonly anchors: Float32Array;
  /** Pairs of one number are of one moment or one thing, and no negatives of each other; -1: of none but itself. */
  readonly moments: Int32Array;
}

export interface TrainOptions {
  readonly inputs: number;
  readonly dim: number;
  /** `identity`: the features already are vectors of the space, and the head begins by leaving them as they are; else it begins small. */
  readonly start: 'identity' | 'small';
  /** Orthonormal directions of the features within which the head learns, a smaller head for few pairs; absent: in all of them. */
  readonly within?: readonly Float32Array[] | undefined;
  readonly temperature: number;
  readonly duplicateCosine: number;
  readonly seed: number;
  /** Pairs in one step. */
  readonly batch: number;
  /** Steps at most. */
  readonly steps: number;
  readonly learningRate: number;
  /** Pull back to where the weights began, as a share of them each step, times the learning rate. */
  readonly weightDecay: number;
  /** Looks at the validation pairs without an improvement after which it ends. */
  readonly patience: number;
}

export interface TrainProgress {
  readonly step: number;
  readonly steps: number;
  /** Mean InfoNCE loss since the last report, and that of the validation pairs. */
  readonly loss: number;
  readonly validationLoss: number;
}

export interface TrainedHead {
  readonly head: LinearHead;
  /** The step after which the validation pairs were matched best. */
  readonly bestStep: number;
  /** The loss of the validation pairs after that step. */
  readonly validationLoss: number;
  readonly stepsDone: number;
}

/** How often the validation pairs are looked at, in steps. */
const LOOK_EVERY = 5;
/** Validation pairs in the one batch that is looked at. */
const MAX_VALIDATION = 512;

/**
 * Trains a linear head by symmetric InfoNCE against frozen anchors (ImageBind's recipe: linear head, fixed temperature, in-batch
 * negatives), with AdamW (Loshchilov and Hutter 2019) on a cosine schedule, and keeps the weights of the step that matches the
 * validation pairs best. Same pairs, options and onnxruntime: same head. BLOCKS the thread.
 *
 * @param onProgress called every few steps; a rejection ends the training
 */
export async function trainHead(
  ort: Ort,
  train: PairRows,
  validation: PairRows,
  options: TrainOptions,
  onProgress: (progress: TrainProgress) => void | Promise<void>,
): Promise<TrainedHead> {
  const { inputs, dim, seed, steps, patience } = options;
  const random = seeded(seed);
  const session = await ort.InferenceSession.create(contrastiveStep(options), { intraOpNumThreads: 1, logSeverityLevel: 3 });
  try {
    const learnt = options.within ? new Within(options, options.within, random) : undefined;
    const weights = learnt?.weights ?? startWeights(options, random);
    const bias = new Float32Array(dim);
    const adam = [new Adam(learnt?.coefficients ?? weights, options), new Adam(bias, options)] as const;
    const count = train.moments.length;
    const size = Math.min(options.batch, count);
    const eye = identity(size);
    const run = async (rows: PairRows, chosen: readonly number[], unit: Float32Array) => {
      const n = chosen.length;
      const tensor = (data: Float32Array, dims: number[]) => new ort.Tensor('float32', data, dims);
      const answer = await session.run({
        x: tensor(gathered(rows.features, chosen, inputs), [n, inputs]),
        anchors: tensor(gathered(rows.anchors, chosen, dim), [n, dim]),
        w: tensor(weights, [inputs, dim]),
        b: tensor(bias, [dim]),
        eye: tensor(unit, [n, n]),
        others: tensor(sameMoment(rows.moments, chosen), [n, n]),
      });
      const data = (name: string): Float32Array => answer[name]?.data as Float32Array;
      return { loss: lossOf(data('rows'), data('columns')), dw: data('dw'), db: data('db') };
    };
    const looked = evenly(validation.moments.length, MAX_VALIDATION);
    const lookedEye = identity(looked.length);
    const look = async (): Promise<number> => (looked.length > 1 ? (await run(validation, looked, lookedEye)).loss : Number.NaN);

    let best = { loss: await look(), step: 0, weights: weights.slice(), bias: bias.slice() };
    let [step, sinceBest, sum] = [0, 0, 0];
    let order: number[] = [];
    while (step < steps && sinceBest < patience) {
      if (order.length < size) order = shuffled(count, random);
      const { loss, dw, db } = await run(train, order.splice(0, size), eye);
      const share = 0.5 * (1 + Math.cos((Math.PI * step) / steps));
      adam[0].step(learnt?.gradient(dw) ?? dw, 1 / size, share);
      learnt?.refresh();
      adam[1].step(db, 1 / size, share);
      step++;
      sum += loss;
      if (step % LOOK_EVERY !== 0 && step < steps) continue;
      const validationLoss = await look();
      // Without validation pairs there is nothing to stop by: the last step is taken.
      const isBetter = !(validationLoss >= best.loss);
      if (isBetter) best = { loss: validationLoss, step, weights: weights.slice(), bias: bias.slice() };
      sinceBest = isBetter ? 0 : sinceBest + 1;
      await onProgress({ step, steps, loss: sum / LOOK_EVERY, validationLoss });
      sum = 0;
    }
    return {
      head: { inputs, dim, weights: best.weights, bias: best.bias },
      bestStep: best.step,
      validationLoss: best.loss,
      stepsDone: step,
    };
  } finally {
    await session.release();
  }
}

function startWeights({ inputs, dim, start }: TrainOptions, random: () => number): Float32Array {
  if (start === 'small') return Float32Array.from({ length: inputs * dim }, () => (2 * random() - 1) / Math.sqrt(inputs));
  if (inputs !== dim) throw new RangeError(`a head that begins as the identity needs as many inputs as outputs, not ${inputs} and ${dim}`);
  return identity(dim);
}

/**
 * Weights that differ from where they began only within a few directions of the features: a coefficient for each direction and output.
 * Without a start of their own they are nothing but that.
 */
class Within {
  readonly weights: Float32Array;
  /** Directions x outputs. */
  readonly coefficients: Float32Array;
  readonly #start: Float32Array;
  readonly #directions: readonly Float32Array[];
  readonly #dim: number;

  constructor({ inputs, dim, start }: TrainOptions, directions: readonly Float32Array[], random: () => number) {
    this.#start = start === 'identity' ? identity(dim) : new Float32Array(inputs * dim);
    this.weights = this.#start.slice();
    this.coefficients = Float32Array.from({ length: directions.length * dim }, () =>
      start === 'identity' ? 0 : (2 * random() - 1) / Math.sqrt(inputs),
    );
    this.#directions = directions;
    this.#dim = dim;
    this.refresh();
  }

  /** The gradient of the coefficients from that of the weights. */
  gradient(weights: Float32Array): Float32Array {
    const out = new Float32Array(this.coefficients.length);
    for (const [k, direction] of this.#directions.entries()) {
      for (let i = 0; i < direction.length; i++) {
        const share = direction[i] ?? 0;
        for (let j = 0; j < this.#dim; j++)
          out[k * this.#dim + j] = (out[k * this.#dim + j] ?? 0) + share * (weights[i * this.#dim + j] ?? 0);
      }
    }
    return out;
  }

  /** Brings the weights up to the coefficients. */
  refresh(): void {
    this.weights.set(this.#start);
    for (const [k, direction] of this.#directions.entries()) {
      for (let i = 0; i < direction.length; i++) {
        const share = direction[i] ?? 0;
        for (let j = 0; j < this.#dim; j++)
          this.weights[i * this.#dim + j] = (this.weights[i * this.#dim + j] ?? 0) + share * (this.coefficients[k * this.#dim + j] ?? 0);
      }
    }
  }
}

/** Adam with decay towards where the weights began. Works in place. */
class Adam {
  readonly #values: Float32Array;
  readonly #origin: Float32Array;
  readonly #mean: Float32Array;
  readonly #square: Float32Array;
  readonly #rate: number;
  readonly #decay: number;
  #t = 0;

  constructor(values: Float32Array, { learningRate, weightDecay }: TrainOptions) {
    this.#values = values;
    this.#origin = values.slice();
    this.#mean = new Float32Array(values.length);
    this.#square = new Float32Array(values.length);
    this.#rate = learningRate;
    this.#decay = weightDecay;
  }

  step(gradient: Float32Array, scale: number, share: number): void {
    const [b1, b2] = [0.9, 0.95];
    this.#t++;
    const rate = this.#rate * share;
    const [c1, c2] = [1 - b1 ** this.#t, 1 - b2 ** this.#t];
    for (let i = 0; i < gradient.length; i++) {
      const g = (gradient[i] ?? 0) * scale;
      const m = (this.#mean[i] = b1 * (this.#mean[i] ?? 0) + (1 - b1) * g);
      const v = (this.#square[i] = b2 * (this.#square[i] ?? 0) + (1 - b2) * g * g);
      const now = this.#values[i] ?? 0;
      this.#values[i] = now - rate * (m / c1 / (Math.sqrt(v / c2) + 1e-8) + this.#decay * (now - (this.#origin[i] ?? 0)));
    }
  }
}

function gathered(data: Float32Array, rows: readonly number[], width: number): Float32Array {
  const out = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) out.set(data.subarray(row * width, (row + 1) * width), i * width);
  return out;
}

function sameMoment(moments: Int32Array, rows: readonly number[]): Float32Array {
  const n = rows.length;
  const same = new Float32Array(n * n);
  for (let i = 0; i < n; i++) {
    const moment = moments[rows[i] ?? 0] ?? -1;
    if (moment < 0) continue;
    for (let j = 0; j < n; j++) if (j !== i && moments[rows[j] ?? 0] === moment) same[i * n + j] = 1;
  }
  return same;
}

function lossOf(rows: Float32Array, columns: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < rows.length; i++) sum -= Math.log(Math.max(1e-30, rows[i] ?? 0)) + Math.log(Math.max(1e-30, columns[i] ?? 0));
  return sum / (2 * rows.length);
}

function identity(size: number): Float32Array {
  const eye = new Float32Array(size * size);
  for (let i = 0; i < size; i++) eye[i * size + i] = 1;
  return eye;
}

function shuffled(count: number, random: () => number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  return order;
}

/** At most `most` of `count` rows, evenly spread. */
const evenly = (count: number, most: number): number[] => {
  const n = Math.min(count, most);
  return Array.from({ length: n }, (_, i) => Math.floor((i * count) / n));
};
