import { microphoneCommand } from '../../devices/microphone.ts';
import type { Source } from '../core/source.ts';
import type { SourceConfig } from '../core/source-config.ts';
import type { Reading } from '../core/types.ts';
import { CaptureSource, type CaptureReader } from './capture-source.ts';
import type { InputContext } from './context.ts';
import { FilePace } from './file-pace.ts';

/** A chunk of sound is so long: short enough for latency, long enough to cost nothing. */
const CHUNK_MS = 20;

/**
 * A microphone, network stream or sound file as chunks of 20 ms. `deviceUs` is the sample counter of the present run of ffmpeg, so
 * that the clock model can fit it; sequence numbers go on over restarts, with a number left out where sound was lost. The
 * ledger's stage `input` counts chunks.
 *
 * @throws UsageError for a scheme that cannot be a microphone
 */
export function microphoneSource(config: SourceConfig, context: InputContext): Source {
  const rateHz = context.audioRateHz;
  const chunks = new ChunkReader(rateHz, context.ledger.stage(config.id, 'input'), new FilePace(config));
  return new CaptureSource({
    config,
    context,
    command: microphoneCommand(config, rateHz),
    reader: chunks,
    isFinite: config.from.startsWith('file:') && config.loop !== true,
  });
}

class ChunkReader implements CaptureReader {
  readonly #rateHz: number;
  readonly #stage: { receive(): void; emit(): void; drop(reason: string): void };
  readonly #pace: FilePace;
  readonly #chunk: Buffer;
  #filled = 0;
  #seq = 0;
  /** Chunks since this run of ffmpeg began. */
  #ofThisRun = 0;

  constructor(rateHz: number, stage: { receive(): void; emit(): void; drop(reason: string): void }, pace: FilePace) {
    this.#rateHz = rateHz;
    this.#stage = stage;
    this.#pace = pace;
    this.#chunk = Buffer.alloc(Math.round((rateHz * CHUNK_MS) / 1000) * 2);
  }

  read(bytes: Buffer, arrivalUs: number, emit: (reading: Reading) => void): void {
    for (let at = 0; at < bytes.length;) {
      const taken = bytes.copy(this.#chunk, this.#filled, at);
      at += taken;
      this.#filled += taken;
      if (this.#filled < this.#chunk.length) break;
      this.#filled = 0;
      this.#stage.receive();
      this.#stage.emit();
      emit(this.#reading(arrivalUs));
    }
  }

  interrupt(): void {
    if (this.#filled > 0) {
      this.#stage.receive();
      this.#stage.drop('truncated');
    }
    this.#filled = 0;
    // What was said while nobody listened is lost: the next number is left out.
    if (this.#ofThisRun > 0) this.#seq++;
    this.#ofThisRun = 0;
    this.#pace.restart();
  }

  #reading(readUs: number): Reading {
    const data = new Float32Array(this.#chunk.length / 2);
    for (let i = 0; i < data.length; i++) data[i] = this.#chunk.readInt16LE(i * 2) / 32768;
    const deviceUs = (this.#ofThisRun++ * data.length * 1e6) / this.#rateHz;
    return {
      arrivalUs: this.#pace.arrivalUs(readUs, deviceUs),
      deviceUs,
      seq: this.#seq++,
      payload: { kind: 'pcm', rateHz: this.#rateHz, data },
    };
  }
}
