import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { noise } from './onnx-writer.ts';
import { TEST_DIM, writeTestBundle } from './test-bundle.ts';

/** A bundle that must not be trusted, and the code of the error that says so. */
export interface BadBundle {
  readonly what: string;
  readonly code: string;
  /** Writes it; returns its folder. */
  readonly make: () => Promise<string>;
}

async function edited(edit: (manifest: string, dir: string) => string | Promise<string>): Promise<string> {
  const dir = await writeTestBundle({ imu: {} });
  const file = join(dir, 'manifest.yaml');
  await writeFile(file, await edit(await readFile(file, 'utf8'), dir));
  return dir;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** One bundle for each way in which a bundle can be wrong. */
export const BAD_BUNDLES: readonly BadBundle[] = [
  {
    what: 'a path outside its folder',
    code: 'BUNDLE_PATH',
    make: () => edited((text) => text.replace('graph: imu.onnx', 'graph: ../imu.onnx')),
  },
  { what: 'a wrong hash', code: 'BUNDLE_HASH', make: () => edited((text) => text.replace(/sha256: \w{8}/, 'sha256: 00000000')) },
  {
    what: 'a truncated graph whose hash was taken after the accident',
    code: 'BROKEN_GRAPH',
    make: () =>
      edited(async (text, dir) => {
        const whole = await readFile(join(dir, 'imu.onnx'));
        const half = whole.subarray(0, whole.length >> 1);
        await writeFile(join(dir, 'imu.onnx'), half);
        return text.replace(/sha256: \w+/, `sha256: ${sha256(half)}`);
      }),
  },
  {
    what: 'a graph that is well-formed protobuf, but no model',
    code: 'PROVIDER_REFUSED',
    make: () =>
      edited(async (text, dir) => {
        const bytes = Uint8Array.of(8, 8);
        await writeFile(join(dir, 'imu.onnx'), bytes);
        return text.replace(/sha256: \w+/, `sha256: ${sha256(bytes)}`);
      }),
  },
  {
    what: 'a tokenizer that nobody knows',
    code: 'TOKENIZER_UNKNOWN',
    make: () =>
      edited(async (text, dir) => {
        await writeFile(join(dir, 'tokenizer.json'), '{"model": {"type": "Telepathy"}}');
        const hash = /sha256: (\w+)/.exec(text)?.[1] ?? '';
        return `${text}  text:
    graph: imu.onnx
    sha256: ${hash}
    input: {name: input, dtype: int64}
    output: embedding
    frontEnd: {kind: text, tokenizer: tokenizer.json, maxLength: 16, templates: ['{}']}
`;
      }),
  },
  {
    what: 'golden vectors of another model',
    code: 'MODEL_GOLDEN_MISMATCH',
    make: () =>
      edited(async (text, dir) => {
        const vectors = [1, 2].map((seed) => [...noise(TEST_DIM, seed)]);
        await writeFile(join(dir, 'golden.json'), JSON.stringify({ seed: 1, vectors }));
        return text.replace('    output: embedding\n', '    output: embedding\n    golden: golden.json\n');
      }),
  },
  {
    what: 'golden vectors of another length',
    code: 'BAD_GOLDEN',
    make: () =>
      edited(async (text, dir) => {
        await writeFile(join(dir, 'golden.json'), JSON.stringify({ seed: 1, vectors: [[1], [1]] }));
        return text.replace('    output: embedding\n', '    output: embedding\n    golden: golden.json\n');
      }),
  },
  { what: 'an input of another shape', code: 'MODEL_SHAPE_MISMATCH', make: () => writeTestBundle({ imu: { shape: [6, 50] } }) },
  { what: 'an output of another length', code: 'MODEL_SHAPE_MISMATCH', make: () => writeTestBundle({ imu: { dim: TEST_DIM - 1 } }) },
  { what: 'vectors of another length than 1', code: 'MODEL_NOT_UNIT', make: () => writeTestBundle({ imu: { normalised: false } }) },
  { what: 'one answer to everything', code: 'MODEL_COLLAPSED', make: () => writeTestBundle({ imu: { collapsed: true } }) },
  { what: 'NaN', code: 'MODEL_NOT_FINITE', make: () => writeTestBundle({ imu: { notFinite: true } }) },
  { what: 'items of one call that see each other', code: 'MODEL_BATCH_MISMATCH', make: () => writeTestBundle({ imu: { mixing: true } }) },
];
