import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { McapChunkBuilder, McapRecordBuilder, type McapTypes } from '@mcap/core';
import { zstdCompress } from './zstd.ts';

/** Chunks are closed at this size; smaller ones when their time has come. */
const CHUNK_BYTES = 1024 * 1024;
/** A chunk that is mostly JPEG is not compressed a second time. */
const WORTH_COMPRESSING = 0.5;

/** Opcodes of the groups of the summary section. */
const [SCHEMA, CHANNEL, STATISTICS, METADATA_INDEX, CHUNK_INDEX] = [0x03, 0x04, 0x0b, 0x0d, 0x08];

export interface McapMessage {
  readonly channelId: number;
  readonly sequence: number;
  readonly logUs: number;
  readonly publishUs: number;
  readonly data: Uint8Array;
  /** Bytes that no compressor makes smaller: an encoded picture. */
  readonly isDense: boolean;
}

/**
 * One MCAP file, written from start to end: chunks as they fill or as `flush` says, so that what was flushed can be read whatever
 * happens next; schemas and channels stand outside the chunks, so that a broken chunk costs no other; indexes and summary at `end`.
 *
 * Everything here blocks: it runs in the recording thread. Throws what the file system throws; the file is then given up.
 */
export class McapFile {
  readonly path: string;
  readonly #fd: number;
  readonly #builder = new McapRecordBuilder();
  readonly #chunk = new McapChunkBuilder({ useMessageIndex: true });
  readonly #schemas: McapTypes.Schema[] = [];
  readonly #channels: McapTypes.Channel[] = [];
  readonly #chunks: McapTypes.ChunkIndex[] = [];
  readonly #metadata: McapTypes.MetadataIndex[] = [];
  readonly #counts = new Map<number, bigint>();
  #crc = 0;
  #position = 0;
  #denseBytes = 0;
  #messages = 0n;
  #startNs = 0n;
  #endNs = 0n;

  constructor(path: string, library: string) {
    this.path = path;
    this.#fd = openSync(path, 'wx');
    this.#builder.writeMagic();
    this.#builder.writeHeader({ profile: '', library });
    this.#write();
  }

  /** Bytes in the file, and those that wait for their chunk. */
  get size(): number {
    return this.#position + this.#chunk.byteLength;
  }

  /** Messages that wait for their chunk. */
  get waiting(): number {
    return this.#chunk.numMessages;
  }

  addMetadata(name: string, values: Readonly<Record<string, string>>): void {
    const offset = BigInt(this.#position);
    const length = this.#builder.writeMetadata({ name, metadata: new Map(Object.entries(values)) });
    this.#metadata.push({ name, offset, length });
    this.#write();
  }

  addSchema(schema: McapTypes.Schema): void {
    this.#schemas.push(schema);
    this.#builder.writeSchema(schema);
    this.#write();
  }

  addChannel(channel: McapTypes.Channel): void {
    this.#channels.push(channel);
    this.#builder.writeChannel(channel);
    this.#write();
  }

  add({ channelId, sequence, logUs, publishUs, data, isDense }: McapMessage): void {
    const logTime = nanoseconds(logUs);
    this.#chunk.addMessage({ channelId, sequence, logTime, publishTime: nanoseconds(publishUs), data });
    if (this.#messages === 0n || logTime < this.#startNs) this.#startNs = logTime;
    if (logTime > this.#endNs) this.#endNs = logTime;
    this.#messages++;
    this.#counts.set(channelId, (this.#counts.get(channelId) ?? 0n) + 1n);
    if (isDense) this.#denseBytes += data.length;
    if (this.#chunk.byteLength >= CHUNK_BYTES) this.flush();
  }

  /** Writes what waits as one chunk. */
  flush(): void {
    if (this.#chunk.numMessages === 0) return;
    const { buffer, messageStartTime, messageEndTime } = this.#chunk;
    const isWorth = this.#denseBytes < buffer.length * (1 - WORTH_COMPRESSING);
    const records = isWorth ? zstdCompress(buffer) : buffer;
    const compression = isWorth ? 'zstd' : '';
    const uncompressedSize = BigInt(buffer.length);
    const chunkStartOffset = BigInt(this.#position);
    const chunkLength = this.#builder.writeChunk({
      messageStartTime,
      messageEndTime,
      uncompressedSize,
      uncompressedCrc: crc32(buffer),
      compression,
      records,
    });
    this.#write();
    const messageIndexOffsets = new Map<number, bigint>();
    const indexStart = BigInt(this.#position);
    let messageIndexLength = 0n;
    for (const index of this.#chunk.indices) {
      messageIndexOffsets.set(index.channelId, indexStart + messageIndexLength);
      messageIndexLength += this.#builder.writeMessageIndex(index);
    }
    this.#write();
    this.#chunks.push({
      messageStartTime,
      messageEndTime,
      chunkStartOffset,
      chunkLength,
      messageIndexOffsets,
      messageIndexLength,
      compression,
      compressedSize: BigInt(records.length),
      uncompressedSize,
    });
    this.#chunk.reset();
    this.#denseBytes = 0;
  }

  /** Asks the kernel to put on the disk what was flushed. */
  sync(): void {
    fdatasyncSync(this.#fd);
  }

  /** Writes the last chunk, the indexes and the summary, and closes. */
  end(): void {
    this.flush();
    this.#builder.writeDataEnd({ dataSectionCrc: this.#crc });
    this.#write();
    this.#summary();
    this.sync();
    closeSync(this.#fd);
  }

  /** Closes a file that cannot be written any more. */
  giveUp(): void {
    closeSync(this.#fd);
  }

  #summary(): void {
    const summaryStart = BigInt(this.#position);
    this.#crc = 0;
    const groups: McapTypes.SummaryOffset[] = [];
    const group = (groupOpcode: number, write: () => bigint): void => {
      const groupStart = BigInt(this.#position);
      const groupLength = write();
      this.#write();
      if (groupLength > 0n) groups.push({ groupOpcode, groupStart, groupLength });
    };
    const sum = <T>(items: readonly T[], write: (item: T) => bigint): bigint => items.reduce((total, item) => total + write(item), 0n);
    group(SCHEMA, () => sum(this.#schemas, (schema) => this.#builder.writeSchema(schema)));
    group(CHANNEL, () => sum(this.#channels, (channel) => this.#builder.writeChannel(channel)));
    group(STATISTICS, () =>
      this.#builder.writeStatistics({
        messageCount: this.#messages,
        schemaCount: this.#schemas.length,
        channelCount: this.#channels.length,
        attachmentCount: 0,
        metadataCount: this.#metadata.length,
        chunkCount: this.#chunks.length,
        messageStartTime: this.#startNs,
        messageEndTime: this.#endNs,
        channelMessageCounts: this.#counts,
      }),
    );
    group(METADATA_INDEX, () => sum(this.#metadata, (index) => this.#builder.writeMetadataIndex(index)));
    group(CHUNK_INDEX, () => sum(this.#chunks, (index) => this.#builder.writeChunkIndex(index)));
    const summaryOffsetStart = BigInt(this.#position);
    for (const one of groups) this.#builder.writeSummaryOffset(one);
    this.#write();
    // The footer's own first bytes belong to the checksum, up to the checksum itself.
    this.#builder.writeFooter({ summaryStart, summaryOffsetStart, summaryCrc: 0 });
    const summaryCrc = crc32(this.#builder.buffer.subarray(0, this.#builder.length - 4), this.#crc);
    this.#builder.reset();
    this.#builder.writeFooter({ summaryStart, summaryOffsetStart, summaryCrc });
    this.#builder.writeMagic();
    this.#write();
  }

  #write(): void {
    const bytes = this.#builder.buffer;
    this.#crc = crc32(bytes, this.#crc);
    for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at);
    this.#position += bytes.length;
    this.#builder.reset();
  }
}

const nanoseconds = (timeUs: number): bigint => BigInt(Math.round(timeUs)) * 1000n;
