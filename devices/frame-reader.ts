import type { FrameDecoder } from '../src/core/decoder.ts';
import type { Stage } from '../src/core/ledger.ts';
import type { Modality } from '../src/core/types.ts';
import type { AssembledReading, Assembler } from './assembler.ts';
import { UsageError } from '../src/core/errors.ts';
import type { FieldMapOptions } from './field-map.ts';
import { protocolNamed } from './protocols.ts';

/**
 * From bytes to readings of one source, with the books kept. The unit of the ledger is the reading: one that begins is
 * received; then it is emitted, waits (`inFlight`), or is dropped as `incomplete`; a frame whose checksum does not hold is
 * received and dropped as `badChecksum`. Noted: `otherFrames` that say nothing about this modality, `skippedBytes`.
 */
export class FrameReader {
  readonly #assembler: Assembler;
  readonly #createDecoder: () => FrameDecoder;
  #decoder: FrameDecoder;
  /** The decoder's skipped bytes up to its newest frame. */
  #skippedBefore = 0;

  /** @throws UsageError where there is no such protocol, or it gives no readings of that modality */
  constructor(protocolName: string, modality: Modality, options: FieldMapOptions = {}) {
    const protocol = protocolNamed(protocolName);
    if (!protocol.createAssembler) {
      throw new UsageError(
        'PROTOCOL_MODALITY',
        `protocol ${protocolName} only frames bytes and gives no readings: use edgebind decode, or a protocol that knows its payload`,
      );
    }
    this.#assembler = protocol.createAssembler(modality, options);
    this.#createDecoder = () => protocol.createDecoder();
    this.#decoder = this.#createDecoder();
  }

  /** Readings begun and not complete: what the ledger asks for as `inFlight`. */
  get pending(): number {
    return this.#assembler.pending;
  }

  /** The readings that these bytes complete, in order, already counted as emitted. */
  read(chunk: Uint8Array, stage: Stage): AssembledReading[] {
    const readings: AssembledReading[] = [];
    this.#account(stage, () => {
      this.#decoder.push(chunk);
      this.#drain(readings);
    });
    return readings;
  }

  /** The line was interrupted, or the message ended: nothing that is half here will become whole. */
  interrupt(stage: Stage): AssembledReading[] {
    const readings: AssembledReading[] = [];
    this.#account(stage, () => {
      this.#decoder.end();
      this.#drain(readings);
      this.#assembler.interrupt();
    });
    this.#decoder = this.#createDecoder();
    this.#skippedBefore = 0;
    return readings;
  }

  #drain(readings: AssembledReading[]): void {
    for (;;) {
      const frame = this.#decoder.next();
      if (!frame) return;
      const { skippedBytes } = this.#decoder.stats;
      const reading = this.#assembler.push(frame, skippedBytes > this.#skippedBefore);
      this.#skippedBefore = skippedBytes;
      if (reading) readings.push(reading);
    }
  }

  #account(stage: Stage, work: () => void): void {
    const { stats } = this.#assembler;
    const before = { ...stats, ...this.#decoder.stats };
    work();
    const bad = this.#decoder.stats.badFrames - before.badFrames;
    stage.receive(stats.begun - before.begun + bad);
    stage.emit(stats.completed - before.completed);
    stage.drop('badChecksum', bad);
    stage.drop('incomplete', stats.incomplete - before.incomplete);
    if (stats.unused > before.unused) stage.note('otherFrames', stats.unused - before.unused);
    const skipped = this.#decoder.stats.skippedBytes - before.skippedBytes;
    if (skipped > 0) stage.note('skippedBytes', skipped);
  }
}
