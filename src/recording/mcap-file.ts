import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { McapRecordBuilder, type McapTypes } from '@mcap/core';
import { Chunk } from './chunk.ts';
import { MessageEncoder } from './message-encoder.ts';
import { MotionBatch } from './motion-batch.ts';

/** Chunks are closed at this size; smaller ones when their time has come. */
const CHUNK_BYTES = 1024 * 1024;
/** A chunk that is mostly JPEG is not compressed a second time. */
const WORTH_COMPRESSING = 0.5;

/** Opcodes of the groups of the summary section. */
const [SCHEMA, CHANNEL, STATISTICS, METADATA_INDEX, CHUNK_INDEX] = [0x03, 0x04, 0x0b, 0x0d, 0x08];

export interface McapMessage {
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
  readonly #chunk = new Chunk();
  readonly #batches = new Map<number, MotionBatch>();
  readonly #encoder = new MessageEncoder();
  readonly #schemas: McapTypes.Schema[] = [];
  readonly #channels: McapTypes.Channel[] = [];
  readonly #chunks: McapTypes.ChunkIndex[] = [];
  readonly #metadata: McapTypes.MetadataIndex[] = [];
  readonly #counts = new Map<number, number>();
  #crc = 0;
  #position = 0;
  #denseBytes = 0;
  /** Readings and messages of the chunk, in the order in which they came. */
  #places = 0;
  #messages = 0;
  #startUs = 0;
  #endUs = 0;

  constructor(path: string, library: string) {
    this.path = path;
    this.#fd = openSync(path, 'wx');
    this.#builder.writeMagic();
    this.#builder.writeHeader({ profile: '', library });
    this.#write();
  }

  /** Bytes in the file, and those that wait for their chunk. */
  get size(): number {
    return this.#position + this.#chunk.length;
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

  add(channelId: number, sequence: number, { logUs, publishUs, data, isDense }: McapMessage): void {
    this.#append(channelId, sequence, logUs, publishUs, data);
    this.#places++;
    if (isDense) this.#denseBytes += data.length;
    if (this.#chunk.length >= CHUNK_BYTES) this.flush();
  }

  /** A reading of an inertial sensor, `data` as it is in a block: it shares a message with those around it. */
  addMotion(channelId: number, sequence: number, reading: McapMessage): void {
    const { logUs, publishUs, data, isDense } = reading;
    let batch = this.#batches.get(channelId);
    if (!batch) this.#batches.set(channelId, (batch = new MotionBatch(channelId)));
    if (!batch.add(sequence, this.#places, logUs, publishUs, data)) {
      this.#close(batch);
      if (this.#chunk.length >= CHUNK_BYTES) this.flush();
      if (!batch.add(sequence, this.#places, logUs, publishUs, data)) {
        this.add(channelId, sequence, { logUs, publishUs, data: this.#encoder.reading('imu', data, publishUs), isDense });
        return;
      }
    }
    this.#places++;
  }

  /** Writes what waits as one chunk. */
  flush(): void {
    for (const batch of this.#batches.values()) this.#close(batch);
    if (this.#chunk.isEmpty) return;
    const isWorth = this.#denseBytes < this.#chunk.length * (1 - WORTH_COMPRESSING);
    const chunk = this.#chunk.seal(isWorth);
    this.#denseBytes = 0;
    this.#places = 0;
    const chunkStartOffset = BigInt(this.#position);
    for (const part of chunk.record) this.#put(part);
    const indexStart = this.#position;
    this.#put(chunk.indexes);
    this.#chunks.push({
      messageStartTime: nanoseconds(chunk.startUs),
      messageEndTime: nanoseconds(chunk.endUs),
      chunkStartOffset,
      chunkLength: BigInt(chunk.recordBytes),
      messageIndexOffsets: new Map([...chunk.indexAt].map(([channelId, at]) => [channelId, BigInt(indexStart + at)])),
      messageIndexLength: BigInt(chunk.indexes.length),
      compression: chunk.compression,
      compressedSize: BigInt(chunk.compressedBytes),
      uncompressedSize: BigInt(chunk.uncompressedBytes),
    });
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
        messageCount: BigInt(this.#messages),
        schemaCount: this.#schemas.length,
        channelCount: this.#channels.length,
        attachmentCount: 0,
        metadataCount: this.#metadata.length,
        chunkCount: this.#chunks.length,
        messageStartTime: nanoseconds(this.#startUs),
        messageEndTime: nanoseconds(this.#endUs),
        channelMessageCounts: new Map([...this.#counts].map(([channelId, count]) => [channelId, BigInt(count)])),
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
    this.#put(this.#builder.buffer);
    this.#builder.reset();
  }

  #put(bytes: Uint8Array): void {
    this.#crc = crc32(bytes, this.#crc);
    for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at);
    this.#position += bytes.length;
  }

  #close(batch: MotionBatch): void {
    if (batch.isEmpty) return;
    const { channelId, sequence, newestLogUs, newestPublishUs } = batch;
    this.#append(channelId, sequence, newestLogUs, newestPublishUs, this.#encoder.motion(batch));
  }

  #append(channelId: number, sequence: number, logUs: number, publishUs: number, data: Uint8Array): void {
    this.#chunk.add(channelId, sequence, logUs, publishUs, data);
    if (this.#messages === 0 || logUs < this.#startUs) this.#startUs = logUs;
    if (logUs > this.#endUs) this.#endUs = logUs;
    this.#messages++;
    this.#counts.set(channelId, (this.#counts.get(channelId) ?? 0) + 1);
  }
}

const nanoseconds = (timeUs: number): bigint => BigInt(Math.max(0, Math.round(timeUs))) * 1000n;
