import type { Observable } from 'rxjs';
import type { Modality, Payload, Reading, SourceStatus } from './types.ts';

/**
 * Where readings come from. Every transport (serial, MQTT, ffmpeg, files) and every fake implements this.
 *
 * `readings$` never errors and completes only at the natural end of a finite input or after `stop()`: a fault inside heals
 * with backoff and is seen on `status$`. Bytes that do not fit their format are counted in the ledger and skipped.
 */
export interface Source<P extends Payload = Payload> {
  readonly id: string;
  readonly modality: Modality;
  readonly readings$: Observable<Reading<P>>;
  /** Replays its newest value to late subscribers. */
  readonly status$: Observable<SourceStatus>;
  start(): void;
  /** Stops and frees everything. May be called twice. */
  stop(): Promise<void>;
}
