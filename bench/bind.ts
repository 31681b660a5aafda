import { spawnSync } from 'node:child_process';
import type { PairRows, TrainOptions } from '../src/encoders/bind/train-head.ts';
import { trainHead } from '../src/encoders/bind/train-head.ts';
import { loadOrt } from '../src/encoders/load-ort.ts';
import { seeded } from '../src/space/bind/seeded.ts';
import { normalise } from '../src/space/vector.ts';
import { compare, report, type BenchOptions, type BenchReport } from './report.ts';

const PAIRS = 5000;
const INPUTS = 256;
const DIM = 576;
const BATCH = 256;
/** The most that `edgebind bind` takes. */
const STEPS = 600;

/** The same training in PyTorch, in one thread: seconds for so many steps. */
const TORCH = `
import sys, time, torch
torch.set_num_threads(1)
torch.manual_seed(1)
steps, inputs, dim, batch, pairs = (int(a) for a in sys.argv[1:6])
x = torch.rand(pairs, inputs) - 0.5
a = torch.nn.functional.normalize(torch.rand(pairs, dim) - 0.5, dim=1)
head = torch.nn.Linear(inputs, dim)
adam = torch.optim.AdamW(head.parameters(), lr=3e-3, betas=(0.9, 0.95), weight_decay=0.1)
target = torch.arange(batch)
start = time.perf_counter()
order = torch.randperm(pairs)
for step in range(steps):
    at = step * batch % pairs
    if at + batch > pairs: order, at = torch.randperm(pairs), 0
    rows = order[at:at + batch]
    anchors = a[rows]
    logits = torch.nn.functional.normalize(head(x[rows]), dim=1) @ anchors.T / 0.1
    alike = (anchors @ anchors.T > 0.9).float() * (1 - torch.eye(batch))
    logits = logits - 1e9 * alike
    loss = (torch.nn.functional.cross_entropy(logits, target) + torch.nn.functional.cross_entropy(logits.T, target)) / 2
    adam.zero_grad()
    loss.backward()
    adam.step()
print(time.perf_counter() - start)
`;

/**
 * How long binding takes: 5,000 pairs of 256 features, 600 steps of 256 pairs, one thread, against the same training in PyTorch (where
 * `EDGEBIND_BENCH_PYTHON` names a python that has it), and against the minute that it may take.
 */
export async function run({ quick = false }: BenchOptions = {}): Promise<BenchReport> {
  const [turns, steps] = quick ? [1, 20] : [3, STEPS];
  const python = process.env['EDGEBIND_BENCH_PYTHON'];
  const ort = await loadOrt();
  const seconds: { ours: number; torch: number }[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const torch = python === undefined ? NaN : torchSeconds(python, steps);
    const start = performance.now();
    // Too patient to end early: both do all steps.
    await trainHead(ort, pairs(PAIRS, 1), pairs(BATCH, 2), { ...options, steps, patience: steps }, () => undefined);
    seconds.push({ torch, ours: (performance.now() - start) / 1000 });
  }
  const unit = `s for ${steps} steps, one thread; less is better`;
  const results = [
    compare(
      'binding 5,000 pairs, against a minute',
      unit,
      seconds.map(({ ours }) => ({ ours, opponent: 60 })),
    ),
  ];
  if (python === undefined) process.stderr.write('bind: PyTorch skipped: EDGEBIND_BENCH_PYTHON names no python that has it\n');
  else
    results.push(
      compare(
        'binding 5,000 pairs, against PyTorch',
        unit,
        seconds.map(({ ours, torch }) => ({ ours, opponent: torch })),
      ),
    );
  return report('bind', results, ['onnxruntime-node']);
}

const options: Omit<TrainOptions, 'steps' | 'patience'> = {
  inputs: INPUTS,
  dim: DIM,
  start: 'small',
  temperature: 0.1,
  duplicateCosine: 0.9,
  seed: 1,
  batch: BATCH,
  learningRate: 3e-3,
  weightDecay: 0.1,
};

function pairs(count: number, seed: number): PairRows {
  const random = seeded(seed);
  const anchors = new Float32Array(count * DIM);
  for (let i = 0; i < count; i++) anchors.set(normalise(Float32Array.from({ length: DIM }, () => random() - 0.5)), i * DIM);
  return {
    features: Float32Array.from({ length: count * INPUTS }, () => random() - 0.5),
    anchors,
    moments: new Int32Array(count).fill(-1),
  };
}

function torchSeconds(python: string, steps: number): number {
  const { status, stdout, stderr } = spawnSync(python, ['-c', TORCH, ...[steps, INPUTS, DIM, BATCH, PAIRS].map(String)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${python} with torch failed: ${stderr.trim().split('\n').at(-1) ?? ''}`);
  return Number(stdout);
}
