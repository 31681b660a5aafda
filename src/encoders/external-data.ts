import { open, type FileHandle } from 'node:fs/promises';
import { UsageError } from '../core/errors.ts';

/** Protobuf field numbers of onnx.proto that lead to a tensor; message -> field -> message. */
const WAYS: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  model: { 7: 'graph', 20: 'training', 25: 'function' },
  training: { 1: 'graph', 2: 'graph' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  function: { 7: 'node', 11: 'attribute' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  tensor: { 13: 'entry' },
};

/** How much of the file is held at a time while its structure is walked. */
const BLOCK_BYTES = 1 << 16;

/**
 * Names of the external data files that an ONNX graph refers to, without loading its weights.
 *
 * @throws UsageError `BROKEN_GRAPH` for a file that is no well-formed protobuf message (truncated, not ONNX)
 */
export async function externalData(path: string): Promise<string[]> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const names = new Set<string>();
    if (size === 0) throw new RangeError('it is empty');
    await walk(new Reader(file, size), 'model', size, names, 0);
    return [...names];
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new UsageError('BROKEN_GRAPH', `${path} is no whole ONNX file: ${cause.message}; copy or export it again`, { cause });
  } finally {
    await file.close();
  }
}

class Reader {
  at = 0;
  readonly size: number;
  readonly #file: FileHandle;
  readonly #block: Buffer = Buffer.allocUnsafe(BLOCK_BYTES);
  #start = 0;
  #end = 0;

  constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.size = size;
  }

  async byte(): Promise<number> {
    if (this.at >= this.size) throw new RangeError(`it ends in the middle of a field at byte ${this.at}`);
    if (this.at < this.#start || this.at >= this.#end) {
      this.#start = this.at;
      this.#end = this.at + (await this.#file.read(this.#block, 0, BLOCK_BYTES, this.at)).bytesRead;
    }
    const value = this.#block[this.at - this.#start] ?? 0;
    this.at++;
    return value;
  }

  async varint(): Promise<number> {
    let value = 0;
    for (let scale = 1, i = 0; i < 10; i++, scale *= 128) {
      const byte = await this.byte();
      // Only lengths and tags matter here; larger numbers are skipped, so their lost precision does no harm.
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new RangeError(`a number at byte ${this.at} does not end`);
  }

  async text(length: number): Promise<string> {
    if (length > 4096) throw new RangeError(`a file name of ${length} bytes at byte ${this.at}`);
    const bytes = Buffer.alloc(length);
    for (let i = 0; i < length; i++) bytes[i] = await this.byte();
    return bytes.toString('utf8');
  }
}

async function walk(reader: Reader, message: string, end: number, names: Set<string>, depth: number): Promise<void> {
  if (depth > 64) throw new RangeError('it nests more than 64 levels deep');
  let key = '';
  while (reader.at < end) {
    const tag = await reader.varint();
    const [field, wire] = [Math.floor(tag / 8), tag % 8];
    if (wire === 0) await reader.varint();
    else if (wire === 1) reader.at += 8;
    else if (wire === 5) reader.at += 4;
    else if (wire === 2) {
      const length = await reader.varint();
      const stop = reader.at + length;
      if (stop > end) throw new RangeError(`a field of ${length} bytes at byte ${reader.at} reaches beyond its message`);
      const inner = WAYS[message]?.[field];
      if (message === 'entry' && field === 1) key = await reader.text(length);
      else if (message === 'entry' && field === 2 && key === 'location') names.add(await reader.text(length));
      else if (inner) await walk(reader, inner, stop, names, depth + 1);
      reader.at = stop;
    } else throw new RangeError(`an unknown field type ${wire} at byte ${reader.at}`);
  }
  if (reader.at !== end) throw new RangeError(`a message ends at byte ${reader.at} instead of ${end}`);
}
