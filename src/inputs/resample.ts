import samplerate from '@alexanderolsen/libsamplerate-js';
import { Observable } from 'rxjs';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Source } from '../core/source.ts';
import type { Pcm, Reading } from '../core/types.ts';
import type { InputContext } from './context.ts';
import type { Stage } from '../core/ledger.ts';

// A CommonJS package: Node sees no names in it.
const { create, ConverterType } = samplerate;
type Converter = Awaited<ReturnType<typeof create>>;

/** Chunks that wait while the converter loads (some 50 ms). */
const MAX_WAITING = 64;

/**
 * A source of sound whose chunks come at the rate that the encoder wants. What has that rate already passes untouched; the rest
 * goes through libsamplerate (sinc, medium quality), which keeps its state over chunks. The ledger's stage `resample` counts chunks.
 */
export function resampled(source: Source, { audioRateHz, ledger, log }: InputContext): Source {
  const waiting: Reading[] = [];
  const stage = ledger.stage(source.id, 'resample', () => waiting.length);
  return {
    id: source.id,
    modality: source.modality,
    status$: source.status$,
    readings$: new Observable<Reading>((subscriber) => {
      const resampler = new Resampler({ rateHz: audioRateHz, stage, waiting, log, emit: (reading) => subscriber.next(reading) });
      const subscription = source.readings$.subscribe({
        next: (reading) => resampler.push(reading),
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
      return () => {
        subscription.unsubscribe();
        resampler.close();
      };
    }),
    start: () => source.start(),
    stop: () => source.stop(),
  };
}

interface ResamplerOptions {
  readonly rateHz: number;
  readonly stage: Stage;
  readonly waiting: Reading[];
  readonly log: Log;
  readonly emit: (reading: Reading) => void;
}

/** Where in the stream of input samples a chunk began, and when that was. */
interface Anchor {
  readonly position: number;
  readonly reading: Reading;
}

class Resampler {
  readonly #options: ResamplerOptions;
  #converter: Converter | undefined;
  #fromHz = 0;
  #taken = 0;
  #given = 0;
  /** The filter holds a few milliseconds back: an output chunk may begin inside an earlier input chunk. */
  #anchors: Anchor[] = [];
  #isClosed = false;

  constructor(options: ResamplerOptions) {
    this.#options = options;
  }

  push(reading: Reading): void {
    const { rateHz, stage, waiting, emit } = this.#options;
    stage.receive();
    if (reading.payload.kind !== 'pcm' || reading.payload.rateHz === rateHz) {
      stage.emit();
      emit(reading);
    } else if (this.#converter && reading.payload.rateHz === this.#fromHz) this.#convert(this.#converter, reading, reading.payload);
    else if (waiting.length >= MAX_WAITING) stage.drop('resamplerLoading');
    else {
      waiting.push(reading);
      if (this.#fromHz !== reading.payload.rateHz) void this.#load(reading.payload.rateHz);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#converter?.destroy();
    this.#converter = undefined;
    this.#options.stage.drop('sourceClosed', this.#options.waiting.length);
    this.#options.waiting.length = 0;
  }

  async #load(fromHz: number): Promise<void> {
    const { rateHz, stage, waiting, log } = this.#options;
    this.#fromHz = fromHz;
    try {
      const converter = await create(1, fromHz, rateHz, { converterType: ConverterType.SRC_SINC_MEDIUM_QUALITY });
      if (this.#isClosed) {
        converter.destroy();
        return;
      }
      this.#converter?.destroy();
      this.#converter = converter;
      this.#taken = this.#given = 0;
      this.#anchors = [];
    } catch (error) {
      log.error({ fromHz, rateHz }, `sound of ${fromHz} Hz cannot be resampled to ${rateHz} Hz: ${messageOf(error)}`);
      stage.drop('rateNotPossible', waiting.length);
      waiting.length = 0;
      return;
    }
    for (const reading of waiting.splice(0)) {
      if (reading.payload.kind === 'pcm' && reading.payload.rateHz === fromHz) this.#convert(this.#converter, reading, reading.payload);
      else stage.drop('rateChanged');
    }
  }

  #convert(converter: Converter, reading: Reading, { data }: Pcm): void {
    const { rateHz, stage, emit } = this.#options;
    this.#anchors.push({ position: this.#taken, reading });
    this.#taken += data.length;
    // The converter's own buffer comes back: keep a copy.
    const converted = converter.full(data).slice();
    stage.emit();
    if (converted.length === 0) return;
    const position = (this.#given * this.#fromHz) / rateHz;
    while (this.#anchors.length > 1 && (this.#anchors[1]?.position ?? 0) <= position) this.#anchors.shift();
    const anchor = this.#anchors[0] ?? { position, reading };
    const laterUs = ((position - anchor.position) * 1e6) / this.#fromHz;
    const { deviceUs } = anchor.reading;
    this.#given += converted.length;
    emit({
      ...reading,
      // Without a stamp the arrival stands for the event: the filter's delay is taken from it.
      ...(deviceUs === undefined ? { arrivalUs: Math.round(anchor.reading.arrivalUs + laterUs) } : { deviceUs: deviceUs + laterUs }),
      payload: { kind: 'pcm', rateHz, data: converted },
    });
  }
}
