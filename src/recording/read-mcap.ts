import { open, type FileHandle } from 'node:fs/promises';
import { McapRecordBuilder, McapStreamReader, type McapTypes } from '@mcap/core';
import { messageOf, UsageError } from '../core/errors.ts';
import { openZstd, zstdDecompress } from './zstd.ts';

/** A record that claims more than this is skipped, not read. */
const MAX_RECORD_BYTES = 128 * 1024 * 1024;
const MAGIC = Buffer.from([0x89, 0x4d, 0x43, 0x41, 0x50, 0x30, 0x0d, 0x0a]);
const HEAD_BYTES = 9;

const [SCHEMA, CHANNEL, MESSAGE, CHUNK, METADATA, DATA_END, FOOTER] = [0x03, 0x04, 0x05, 0x06, 0x0c, 0x0f, 0x02];
/** What of a file's data section says anything; indexes and statistics only repeat it. */
const READ: readonly number[] = [SCHEMA, CHANNEL, MESSAGE, CHUNK, METADATA];

/** What was found wrong with a file. A file without faults is `isWhole`. */
export interface McapFaults {
  /** The file has its end: nothing after what was read can be missing. */
  isWhole: boolean;
  /** Where the file breaks off, in bytes; absent: it does not. */
  truncatedAt?: number;
  /** Records that could not be read, with the reason of the first. */
  badRecords: number;
  firstFault?: string;
}

export type McapEntry = McapTypes.TypedMcapRecords['Channel' | 'Message' | 'Metadata'];

/**
 * Reads an MCAP file from start to end, in the order in which it was written, one chunk at a time. Needs no index. What is
 * broken is skipped where the framing still holds, and noted in `faults`; nothing is allocated because a length claims it.
 *
 * @param skipChunk tells from a chunk's first and last log time (ns) that nothing in it is wanted
 * @throws UsageError `RECORDING_UNREADABLE` where there is no such file, or it is no MCAP of version 0
 */
export async function* readMcap(
  path: string,
  faults: McapFaults,
  skipChunk: (startNs: bigint, endNs: bigint) => boolean = () => false,
): AsyncGenerator<readonly McapEntry[]> {
  await openZstd();
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    await checkMagic(file, path);
    const parser = new Parser(faults);
    const head = Buffer.alloc(HEAD_BYTES + 16);
    let at = MAGIC.length;
    for (;;) {
      const { bytesRead } = await file.read(head, 0, head.length, at);
      if (bytesRead < HEAD_BYTES) break;
      const opcode = head.readUInt8(0);
      const length = head.readBigUInt64LE(1);
      if (opcode === DATA_END || opcode === FOOTER) {
        faults.isWhole = true;
        return;
      }
      const end = BigInt(at + HEAD_BYTES) + length;
      if (end > BigInt(size)) break;
      const isWanted =
        READ.includes(opcode) &&
        !(opcode === CHUNK && bytesRead === head.length && skipChunk(head.readBigUInt64LE(9), head.readBigUInt64LE(17)));
      if (isWanted && length > MAX_RECORD_BYTES) parser.fault(`a record of ${length} bytes; at most ${MAX_RECORD_BYTES} are read`);
      else if (isWanted) {
        const record = Buffer.allocUnsafe(HEAD_BYTES + Number(length));
        await file.read(record, 0, record.length, at);
        yield parser.parse(record);
      }
      at = Number(end);
    }
    faults.truncatedAt = at;
  } finally {
    await file.close();
  }
}

/** @mcap/core's parser, one record at a time: it begins anew after a record that it could not read. */
class Parser {
  readonly #faults: McapFaults;
  readonly #channels = new Map<number, McapTypes.Channel>();
  #reader = this.#fresh();

  constructor(faults: McapFaults) {
    this.#faults = faults;
  }

  fault(reason: string): void {
    this.#faults.badRecords++;
    this.#faults.firstFault ??= reason;
  }

  /** What a record holds: itself, or the messages of a chunk up to where it is broken. */
  parse(record: Uint8Array): McapEntry[] {
    const entries: McapEntry[] = [];
    try {
      this.#reader.append(record);
      for (let parsed = this.#reader.nextRecord(); parsed; parsed = this.#reader.nextRecord()) {
        if (parsed.type === 'Channel') this.#channels.set(parsed.id, parsed);
        if (parsed.type === 'Channel' || parsed.type === 'Message' || parsed.type === 'Metadata') entries.push(parsed);
      }
    } catch (error) {
      this.fault(messageOf(error));
      this.#reader = this.#fresh();
      const known = new McapRecordBuilder();
      for (const channel of this.#channels.values()) known.writeChannel(channel);
      this.#reader.append(known.buffer);
      while (this.#reader.nextRecord()) continue;
    }
    return entries;
  }

  #fresh(): McapStreamReader {
    return new McapStreamReader({ noMagicPrefix: true, validateCrcs: true, decompressHandlers: { zstd: zstdDecompress } });
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    throw new UsageError('RECORDING_UNREADABLE', `${path}: cannot be opened (${messageOf(error)}); give the path of an .mcap file`, {
      cause: error,
    });
  }
}

async function checkMagic(file: FileHandle, path: string): Promise<void> {
  const magic = Buffer.alloc(MAGIC.length);
  const { bytesRead } = await file.read(magic, 0, magic.length, 0);
  if (magic.equals(MAGIC)) return;
  if (MAGIC.subarray(0, bytesRead).equals(magic.subarray(0, bytesRead)))
    throw new UsageError('RECORDING_UNREADABLE', `${path}: has ${bytesRead} bytes: it breaks off before anything was recorded`);
  const isMcap = magic.subarray(0, 5).equals(MAGIC.subarray(0, 5));
  throw new UsageError(
    'RECORDING_UNREADABLE',
    isMcap
      ? `${path}: is MCAP of version "${magic.toString('latin1', 5, 6)}"; this program reads version "0"`
      : `${path}: is no MCAP file (it begins with ${magic.toString('hex')})`,
  );
}
