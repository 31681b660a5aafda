import { crc32 } from 'node:zlib';
import { zstdCompress } from './zstd.ts';

const FIRST_BYTES = 256 * 1024;
const MESSAGE_HEAD = 31;
const CHUNK_HEAD = 49;
const [MESSAGE, CHUNK, MESSAGE_INDEX] = [0x05, 0x06, 0x07];
const TWO_32 = 2 ** 32;

/** A chunk as its bytes, and what the file's index says of it. */
export interface SealedChunk {
  /** The record of the chunk, in parts that follow each other. The first and the last are new, the middle one may be a view of the chunk. */
  readonly record: readonly Uint8Array[];
  readonly recordBytes: number;
  /** The records of its message indexes, and where that of each channel begins. */
  readonly indexes: Uint8Array;
  readonly indexAt: ReadonlyMap<number, number>;
  readonly startUs: number;
  readonly endUs: number;
  readonly compression: 'zstd' | '';
  readonly compressedBytes: number;
  readonly uncompressedBytes: number;
}

/** When the messages of a channel were logged and where they lie, in turns. */
type Index = number[];

/**
 * The messages of one MCAP chunk and their index, in buffers that serve all chunks one after the other. Written by hand: with a BigInt
 * for each time and place, as a library has it, a thousand small messages a second cost twice as much (https://mcap.dev/spec).
 */
export class Chunk {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  #startUs = 0;
  #endUs = 0;
  readonly #indexes = new Map<number, Index>();

  /** Bytes of the messages, uncompressed. */
  get length(): number {
    return this.#length;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  add(channelId: number, sequence: number, logUs: number, publishUs: number, data: Uint8Array): void {
    const at = this.#length;
    const end = at + MESSAGE_HEAD + data.length;
    if (end > this.#bytes.length) this.#grow(end);
    const view = this.#view;
    view.setUint8(at, MESSAGE);
    setBytes64(view, at + 1, end - at - 9);
    view.setUint16(at + 9, channelId, true);
    view.setUint32(at + 11, sequence, true);
    setNanoseconds(view, at + 15, logUs);
    setNanoseconds(view, at + 23, publishUs);
    this.#bytes.set(data, at + MESSAGE_HEAD);
    if (at === 0 || logUs < this.#startUs) this.#startUs = logUs;
    if (at === 0 || logUs > this.#endUs) this.#endUs = logUs;
    const index = this.#indexes.get(channelId);
    if (index) index.push(logUs, at);
    else this.#indexes.set(channelId, [logUs, at]);
    this.#length = end;
  }

  /** The bytes of all that was added. VALID UNTIL THE NEXT `add`. The chunk is empty then. */
  seal(compressed: boolean): SealedChunk {
    const bytes = this.#bytes.subarray(0, this.#length);
    const records = compressed ? zstdCompress(bytes) : bytes;
    const compression = compressed ? 'zstd' : '';
    const head = new Uint8Array(CHUNK_HEAD + compression.length);
    const view = new DataView(head.buffer);
    view.setUint8(0, CHUNK);
    setBytes64(view, 1, head.length - 9 + records.length);
    setNanoseconds(view, 9, this.#startUs);
    setNanoseconds(view, 17, this.#endUs);
    setBytes64(view, 25, bytes.length);
    view.setUint32(33, crc32(bytes), true);
    view.setUint32(37, compression.length, true);
    Buffer.from(head.buffer).write(compression, 41);
    setBytes64(view, 41 + compression.length, records.length);
    const sealed = {
      record: [head, records],
      recordBytes: head.length + records.length,
      ...this.#sealIndexes(),
      startUs: this.#startUs,
      endUs: this.#endUs,
      compression,
      compressedBytes: records.length,
      uncompressedBytes: bytes.length,
    } as const;
    this.#length = 0;
    return sealed;
  }

  #sealIndexes(): Pick<SealedChunk, 'indexes' | 'indexAt'> {
    let bytes = 0;
    for (const index of this.#indexes.values()) bytes += 15 + 8 * index.length;
    const indexes = new Uint8Array(bytes);
    const view = new DataView(indexes.buffer);
    const indexAt = new Map<number, number>();
    let at = 0;
    for (const [channelId, index] of this.#indexes) {
      indexAt.set(channelId, at);
      view.setUint8(at, MESSAGE_INDEX);
      setBytes64(view, at + 1, 6 + 8 * index.length);
      view.setUint16(at + 9, channelId, true);
      view.setUint32(at + 11, 8 * index.length, true);
      at += 15;
      for (let i = 0; i < index.length; i += 2, at += 16) {
        setNanoseconds(view, at, index[i] ?? 0);
        setBytes64(view, at + 8, index[i + 1] ?? 0);
      }
    }
    this.#indexes.clear();
    return { indexes, indexAt };
  }

  #grow(atLeast: number): void {
    const bytes = new Uint8Array(Math.max(atLeast, 2 * this.#bytes.length));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

function setBytes64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % TWO_32, true);
  view.setUint32(at + 4, Math.floor(value / TWO_32), true);
}

/** Microseconds (of this century: they fit a double, their nanoseconds do not) as 64 bits of nanoseconds; before 1970: 0. */
function setNanoseconds(view: DataView, at: number, timeUs: number): void {
  const whole = Math.max(0, Math.round(timeUs));
  const high = Math.floor(whole / TWO_32);
  const low = (whole - high * TWO_32) * 1000;
  const carry = Math.floor(low / TWO_32);
  view.setUint32(at, low - carry * TWO_32, true);
  view.setUint32(at + 4, high * 1000 + carry, true);
}
