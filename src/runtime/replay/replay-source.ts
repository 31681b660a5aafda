import { ReplaySubject, Subject } from 'rxjs';
import type { Source } from '../../core/source.ts';
import type { SourceConfig } from '../../core/source-config.ts';
import type { Modality, Reading, SourceStatus } from '../../core/types.ts';

/** A source whose readings and states come from a recording, when the replay says so. */
export class ReplaySource implements Source {
  readonly id: string;
  readonly modality: Modality;
  readonly #readings = new Subject<Reading>();
  readonly #status = new ReplaySubject<SourceStatus>(1);
  readonly readings$ = this.#readings.asObservable();
  readonly status$ = this.#status.asObservable();

  constructor({ id, modality }: SourceConfig) {
    this.id = id;
    this.modality = modality;
  }

  start(): void {
    this.#status.next({ source: this.id, state: 'starting', reason: 'replayed' });
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  push(reading: Reading): void {
    this.#readings.next(reading);
  }

  /** `stopped` ended the recorded run's input, and ends it here: windows that were open are closed. */
  say(status: SourceStatus): void {
    this.#status.next(status);
    if (status.state === 'stopped') this.end();
  }

  end(): void {
    this.#readings.complete();
  }
}
