import { createHash } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnxModel, type Weights } from '../../src/encoders/onnx/onnx-model.ts';
import { noise } from './onnx-writer.ts';

/**
 * A bundle of several stages, small enough to be computed again in a few lines: pictures -> features -> one token; sound -> features ->
 * three tokens; words -> as many tokens as there are known words; and a fusion graph, one head of attention over all tokens, then
 * their mean.
 */
export const WIDTH = 8;
export const SPACE_DIM = 12;
const FEATURES = 10;
const PIXELS = 3 * 16 * 16;
const MELS = 96 * 64;
export const SOUND_TOKENS = 3;
const MAX_WORDS = 4;
/** Id 0 is padding. */
export const WORDS: Readonly<Record<string, number>> = { glass: 1, breaking: 2, dog: 3, barks: 4, rain: 5 };
const VOCABULARY = 6;

type Matrix = { readonly rows: number; readonly columns: number; readonly seed: number; readonly data: Float32Array };
const matrix = (rows: number, columns: number, seed: number): Matrix => ({
  rows,
  columns,
  seed,
  data: noise(rows * columns, seed).map((value) => value * Math.sqrt(3 / rows)),
});
const W = {
  picture: matrix(PIXELS, FEATURES, 11),
  pictureToken: matrix(FEATURES, WIDTH, 12),
  sound: matrix(MELS, FEATURES, 13),
  soundTokens: matrix(FEATURES, SOUND_TOKENS * WIDTH, 14),
  words: matrix(VOCABULARY, WIDTH, 15),
  out: matrix(WIDTH, SPACE_DIM, 16),
};
const weights = (name: keyof typeof W, { rows, columns, data }: Matrix = W[name]): Weights => ({ name, dims: [rows, columns], data });
const ints = (name: string, ...values: number[]): Weights => ({
  name,
  dims: [values.length],
  data: BigInt64Array.from(values.map(BigInt)),
});

function times(x: Float32Array, { rows, columns, data }: Matrix): Float32Array {
  const y = new Float32Array(columns);
  for (let c = 0; c < columns; c++) {
    let sum = 0;
    for (let r = 0; r < rows; r++) sum += (x[r] ?? 0) * (data[r * columns + c] ?? 0);
    y[c] = sum;
  }
  return y;
}
const pieces = (x: Float32Array): Float32Array[] => Array.from({ length: x.length / WIDTH }, (_, i) => x.slice(i * WIDTH, (i + 1) * WIDTH));

/** The tokens of a tensor or a sentence, computed here. */
export const reference = {
  image: (tensor: Float32Array): Float32Array[] => [times(times(tensor, W.picture).map(Math.tanh), W.pictureToken)],
  audio: (tensor: Float32Array): Float32Array[] => pieces(times(times(tensor, W.sound).map(Math.tanh), W.soundTokens)),
  text: (sentence: string): Float32Array[] =>
    sentence
      .split(' ')
      .flatMap((word) => WORDS[word] ?? [])
      .slice(0, MAX_WORDS)
      .map((id) => W.words.data.slice(id * WIDTH, (id + 1) * WIDTH)),
};

/** What the fusion graph makes of tokens of any modalities, computed here. */
export function fused(tokens: readonly Float32Array[]): Float32Array {
  const mean = new Float32Array(WIDTH);
  for (const token of tokens) {
    const scores = tokens.map((other) => token.reduce((sum, value, i) => sum + value * (other[i] ?? 0), 0) / Math.sqrt(WIDTH));
    const shares = scores.map((score) => Math.exp(score - Math.max(...scores)));
    const total = shares.reduce((a, b) => a + b, 0);
    for (let i = 0; i < WIDTH; i++)
      mean[i] = (mean[i] ?? 0) + tokens.reduce((sum, other, k) => sum + ((shares[k] ?? 0) / total) * (other[i] ?? 0), 0) / tokens.length;
  }
  const vector = times(mean, W.out);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

const extractor = (input: readonly number[], name: 'picture' | 'sound'): Uint8Array =>
  onnxModel({
    inputs: [{ name: 'signal', dims: ['batch', ...input] }],
    outputs: [{ name: 'features', dims: ['batch', FEATURES] }],
    nodes: [
      { op: 'Flatten', inputs: ['signal'], output: 'flat', ints: { axis: 1 } },
      { op: 'MatMul', inputs: ['flat', name], output: 'product' },
      { op: 'Tanh', inputs: ['product'], output: 'features' },
    ],
    weights: [weights(name)],
  });

const tokenizer = (name: 'pictureToken' | 'soundTokens', count: number, features: number): Uint8Array =>
  onnxModel({
    inputs: [{ name: 'features', dims: ['batch', features] }],
    outputs: [{ name: 'tokens', dims: ['batch', count, WIDTH] }],
    nodes: [
      { op: 'MatMul', inputs: ['features', name], output: 'flat' },
      { op: 'Reshape', inputs: ['flat', 'shape'], output: 'tokens' },
    ],
    weights: [weights(name, matrix(features, count * WIDTH, W[name].seed)), ints('shape', 0, count, WIDTH)],
  });

const words = (): Uint8Array =>
  onnxModel({
    inputs: [{ name: 'ids', dims: ['batch', MAX_WORDS], type: 'int64' }],
    outputs: [
      { name: 'tokens', dims: ['batch', MAX_WORDS, WIDTH] },
      { name: 'known', dims: ['batch', MAX_WORDS] },
    ],
    nodes: [
      { op: 'Gather', inputs: ['words', 'ids'], output: 'tokens' },
      { op: 'Cast', inputs: ['ids'], output: 'numbers', ints: { to: 1 } },
      { op: 'Sign', inputs: ['numbers'], output: 'known' },
    ],
    weights: [weights('words')],
  });

const SENSES = ['image', 'audio', 'text'] as const;

function fusion(): Uint8Array {
  const one: Weights = { name: 'one', dims: [1], data: Float32Array.of(1) };
  const scale: Weights = { name: 'scale', dims: [1], data: Float32Array.of(1 / Math.sqrt(WIDTH)) };
  const much: Weights = { name: 'much', dims: [1], data: Float32Array.of(1e9) };
  return onnxModel({
    inputs: SENSES.flatMap((sense) => [
      { name: sense, dims: ['batch', `${sense}Tokens`, WIDTH] },
      { name: `${sense}Mask`, dims: ['batch', `${sense}Tokens`] },
    ]),
    outputs: [{ name: 'embedding', dims: ['batch', SPACE_DIM] }],
    nodes: [
      { op: 'Concat', inputs: SENSES, output: 'tokens', ints: { axis: 1 } },
      { op: 'Concat', inputs: SENSES.map((sense) => `${sense}Mask`), output: 'mask', ints: { axis: 1 } },
      { op: 'Transpose', inputs: ['tokens'], output: 'turned', lists: { perm: [0, 2, 1] } },
      { op: 'MatMul', inputs: ['tokens', 'turned'], output: 'products' },
      { op: 'Mul', inputs: ['products', 'scale'], output: 'scores' },
      { op: 'Unsqueeze', inputs: ['mask', 'axis1'], output: 'row' },
      { op: 'Sub', inputs: ['row', 'one'], output: 'absent' },
      { op: 'Mul', inputs: ['absent', 'much'], output: 'far' },
      { op: 'Add', inputs: ['scores', 'far'], output: 'masked' },
      { op: 'Softmax', inputs: ['masked'], output: 'shares', ints: { axis: 2 } },
      { op: 'MatMul', inputs: ['shares', 'tokens'], output: 'seen' },
      { op: 'MatMul', inputs: ['row', 'seen'], output: 'sum' },
      { op: 'Squeeze', inputs: ['sum', 'axis1'], output: 'flat' },
      { op: 'MatMul', inputs: ['flat', 'out'], output: 'vector' },
      { op: 'LpNormalization', inputs: ['vector'], output: 'embedding', ints: { axis: 1, p: 2 } },
    ],
    weights: [weights('out'), one, scale, much, ints('axis1', 1)],
  });
}

const TOKENIZER = JSON.stringify({
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'WhitespaceSplit' },
  post_processor: null,
  decoder: null,
  // Words that are not in it have no id at all.
  model: { type: 'WordPiece', vocab: { '[PAD]': 0, ...WORDS }, continuing_subword_prefix: '\u0001', max_input_chars_per_word: 100 },
});

export interface FusionBundleOptions {
  /** Numbers that the second graph of pictures takes: wrong ones disagree with the first. */
  readonly features?: number;
  readonly keep?: number;
  readonly keepMs?: number;
  /** Changes the manifest's text. */
  readonly edit?: (manifest: string) => string;
}

/** Writes the bundle into a new folder under the system's temporary one; returns the folder. */
export async function writeFusionBundle({
  features = FEATURES,
  keep = 6,
  keepMs = 60_000,
  edit = (text) => text,
}: FusionBundleOptions = {}): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'edgebind-fusion-'));
  const put = async (name: string, bytes: Uint8Array): Promise<string> => {
    await writeFile(join(dir, name), bytes);
    return `graph: ${name}, sha256: ${createHash('sha256').update(bytes).digest('hex')}`;
  };
  const files = {
    image: await put('image.onnx', extractor([3, 16, 16], 'picture')),
    imageTokens: await put('image-tokens.onnx', tokenizer('pictureToken', 1, features)),
    audio: await put('audio.onnx', extractor([96, 64], 'sound')),
    audioTokens: await put('audio-tokens.onnx', tokenizer('soundTokens', SOUND_TOKENS, FEATURES)),
    text: await put('text.onnx', words()),
    fusion: await put('fusion.onnx', fusion()),
  };
  await writeFile(join(dir, 'tokenizer.json'), TOKENIZER);
  const lines = (graph: string): string => graph.replace(', ', '\n    ');
  const manifest = `edgebind: 1
name: test
version: 1.0.0
licence: Apache-2.0
space: {name: test, dim: ${SPACE_DIM}}
modalities:
  image:
    ${lines(files.image)}
    input: {name: signal, shape: [3, 16, 16], dtype: float32}
    output: features
    stages:
      - {name: tokens, ${files.imageTokens}, inputs: {features: graph}, output: tokens}
    tokens: {perWindow: 1}
    window: {kind: frame}
    frontEnd: {kind: image, size: 16, resize: squash, resample: bilinear, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}
  audio:
    ${lines(files.audio)}
    input: {name: signal, shape: [96, 64], dtype: float32}
    output: features
    stages:
      - {name: tokens, ${files.audioTokens}, inputs: {features: graph}, output: tokens}
    tokens: {perWindow: ${SOUND_TOKENS}}
    window: {kind: sliding, sizeMs: 975, hopMs: 480, minCoverage: 0.9}
    frontEnd: {kind: log-mel, preset: yamnet}
  text:
    ${lines(files.text)}
    input: {name: ids, dtype: int64}
    output: tokens
    tokens: {perWindow: ${MAX_WORDS}, mask: known}
    frontEnd: {kind: text, tokenizer: tokenizer.json, maxLength: ${MAX_WORDS}, padId: 0}
fusion:
  ${files.fusion.replace(', ', '\n  ')}
  output: embedding
  width: ${WIDTH}
  modalities:
    image: {input: image, mask: imageMask, keep: ${keep}, keepMs: ${keepMs}}
    audio: {input: audio, mask: audioMask, keep: ${keep}, keepMs: ${keepMs}}
    text: {input: text, mask: textMask, keep: ${MAX_WORDS}}
`;
  await writeFile(join(dir, 'manifest.yaml'), edit(manifest));
  return dir;
}
