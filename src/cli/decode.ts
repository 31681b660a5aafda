import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import type { Command } from 'commander';
import { protocolNamed, protocols } from '../../devices/protocols.ts';
import type { FrameDecoder } from '../core/decoder.ts';
import { EdgeBindError, messageOf, UsageError } from '../core/errors.ts';
import { writeText } from './write-text.ts';

/** Text of so many characters is written at once. */
const BATCH_CHARACTERS = 1 << 16;

interface DecodeOptions {
  readonly protocol: string;
  readonly chunks?: string;
  readonly crc: boolean;
}

interface DecodeStreams {
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** Adds `edgebind decode`. */
export function registerDecode(program: Command): void {
  program
    .command('decode')
    .description('a serial capture to JSON lines, one for each frame whose checksum holds; a summary on stderr')
    .argument('[file]', 'the capture; absent: standard input')
    .requiredOption('--protocol <name>', `how the device speaks: ${[...protocols.keys()].join(', ')}`)
    .option('--chunks <file>', 'a JSON array of lengths: feed the decoder in those pieces')
    .option('--no-crc', 'cobs, slip: no CRC stands behind the payload')
    .addHelpText('after', '\nExample:\n  edgebind decode --protocol witmotion capture.bin | jq .acc')
    .action((file: string | undefined, options: DecodeOptions) => decode(file, options, process));
}

/**
 * Decodes a capture in constant memory (with `--chunks`, in memory of the capture's size): frames as JSON lines to stdout, then
 * one line `{frames, badFrames, skippedBytes}` to stderr. A closed stdout ends it quietly.
 *
 * @throws UsageError for an unknown protocol or unusable chunks, EdgeBindError where the input cannot be read
 */
export async function decode(file: string | undefined, options: DecodeOptions, { stdin, stdout, stderr }: DecodeStreams): Promise<void> {
  const decoder = protocolNamed(options.protocol).createDecoder({ crc: options.crc });
  const lengths = options.chunks === undefined ? undefined : await readLengths(options.chunks);
  const input = readable(file === undefined ? stdin : createReadStream(file), file ?? 'standard input');

  if (await writeText(stdout, lines(decoder, lengths ? inPieces(input, lengths) : input)))
    stderr.write(`${JSON.stringify(decoder.stats)}\n`);
}

/** JSON lines of all frames, several to a text. */
async function* lines(decoder: FrameDecoder, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let batch = '';
  for await (const piece of pieces) {
    decoder.push(piece);
    for (let frame = decoder.next(); frame; frame = decoder.next()) {
      batch += toLine(frame);
      if (batch.length >= BATCH_CHARACTERS) {
        yield batch;
        batch = '';
      }
    }
    if (batch !== '') yield batch;
    batch = '';
  }
  decoder.end();
  for (let frame = decoder.next(); frame; frame = decoder.next()) yield toLine(frame);
}

const toLine = (frame: object): string =>
  `${JSON.stringify(frame, (_, value: unknown) => (ArrayBuffer.isView(value) && !(value instanceof DataView) ? Array.from(value as Float64Array) : value))}\n`;

async function* readable(input: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  try {
    yield* input;
  } catch (error) {
    throw new EdgeBindError('INPUT_UNREADABLE', `cannot read ${name}: ${messageOf(error)}`, { cause: error });
  }
}

/** The whole input again, cut into pieces of these lengths; what remains is one more piece. */
async function* inPieces(input: AsyncIterable<Uint8Array>, lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of input) parts.push(part);
  const whole = Buffer.concat(parts);
  let at = 0;
  for (const length of lengths) {
    if (at >= whole.length) return;
    yield whole.subarray(at, at + length);
    at += length;
  }
  yield whole.subarray(at);
}

async function readLengths(path: string): Promise<number[]> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new UsageError(
      'CHUNKS_UNREADABLE',
      `cannot read the chunks file ${path}: ${messageOf(error)}; it holds a JSON array of lengths, e.g. [1, 7, 64]`,
      {
        cause: error,
      },
    );
  }
  const isLength = (length: unknown): length is number => typeof length === 'number' && Number.isSafeInteger(length) && length >= 0;
  if (Array.isArray(value) && value.every(isLength)) return value;
  throw new UsageError('CHUNKS_UNREADABLE', `the chunks file ${path} must hold a JSON array of whole lengths, e.g. [1, 7, 64]`);
}
