import type { Stage } from '../core/ledger.ts';
import { SeenSequences } from '../core/seen-sequences.ts';
import type { Payload, Sample } from '../core/types.ts';
import { WindowBuffer } from './window-buffer.ts';

export interface SettledOptions {
  /** How late a sample may come, in ms of event time behind the newest. Default 0. */
  readonly latenessMs?: number;
  /** Whether a sample of that time is this operator's; another one's is dropped as `late` (see `handover`). Default: all are. */
  readonly owns?: ((timeUs: number) => boolean) | undefined;
  /** Samples held at most; a sample beyond is dropped as `windowFull`. Default 65,536. */
  readonly maxSamples?: number;
  /** Counts samples: received = emitted (accepted) + dropped (`duplicate`, `late`, `windowFull`). */
  readonly stage?: Stage;
}

/**
 * Samples of one source in the order of their event time (equal times: of their numbers): each comes out once the watermark, the
 * newest event time less the lateness, has reached it. One whose time is before the watermark as it stood is `late`.
 */
export class Settled<P extends Payload> {
  readonly #latenessUs: number;
  readonly #maxSamples: number;
  readonly #owns: SettledOptions['owns'];
  readonly #stage: Stage | undefined;
  readonly #seen = new SeenSequences();
  readonly #buffer = new WindowBuffer<P>();
  #watermarkUs = Number.NEGATIVE_INFINITY;

  constructor({ latenessMs = 0, maxSamples = 65_536, owns, stage }: SettledOptions) {
    this.#latenessUs = Math.round(latenessMs * 1000);
    this.#maxSamples = maxSamples;
    this.#owns = owns;
    this.#stage = stage;
  }

  /** What settles now that this sample has come. */
  push(sample: Sample<P>): readonly Sample<P>[] {
    this.#stage?.receive();
    const reason = this.#refusal(sample);
    if (reason !== undefined) {
      this.#stage?.drop(reason);
      return [];
    }
    this.#stage?.emit();
    this.#buffer.insert(sample);
    this.#watermarkUs = Math.max(this.#watermarkUs, sample.timeUs - this.#latenessUs);
    return this.#take(this.#buffer.lowerBound(this.#watermarkUs + 1));
  }

  /** The rest, at the end of the input. */
  flush(): readonly Sample<P>[] {
    return this.#take(this.#buffer.length);
  }

  #refusal(sample: Sample<P>): string | undefined {
    if (!this.#seen.add(sample.seq)) return 'duplicate';
    if (this.#owns?.(sample.timeUs) === false || sample.timeUs < this.#watermarkUs) return 'late';
    return this.#buffer.length >= this.#maxSamples ? 'windowFull' : undefined;
  }

  #take(count: number): readonly Sample<P>[] {
    const settled = this.#buffer.slice(0, count);
    this.#buffer.drop(count);
    return settled;
  }
}
