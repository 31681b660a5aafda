import { ReplaySubject, Subject, type Observable } from 'rxjs';
import type { Clock } from '../core/time.ts';
import type { Payload, Reading, SourceState, SourceStatus } from '../core/types.ts';

export interface SourcePortOptions {
  readonly clock: Clock;
  /** Without a reading for so long the source is silent. */
  readonly silentAfterMs: number;
  /** Why there is no reading, where that is known. */
  readonly whySilent?: () => string | undefined;
  /** Called once each time it falls silent. */
  readonly onSilent: () => void;
}

/** The outgoing side of a source: its readings, its state in words, and the watch that notices silence. */
export class SourcePort {
  readonly readings$: Observable<Reading>;
  readonly status$: Observable<SourceStatus>;
  readonly #id: string;
  readonly #options: SourcePortOptions;
  readonly #readings = new Subject<Reading>();
  readonly #status = new ReplaySubject<SourceStatus>(1);
  #state: SourceState | undefined;
  #reason = '';
  #cancelWatch: () => void = () => undefined;
  #lastUs = 0;

  constructor(id: string, options: SourcePortOptions) {
    this.#id = id;
    this.#options = options;
    this.readings$ = this.#readings.asObservable();
    this.status$ = this.#status.asObservable();
  }

  get state(): SourceState | undefined {
    return this.#state;
  }

  say(state: SourceState, reason = ''): void {
    if (this.#state === 'stopped' || (state === this.#state && reason === this.#reason)) return;
    this.#state = state;
    this.#reason = reason;
    this.#status.next({ source: this.#id, state, reason });
  }

  emit<P extends Payload>(reading: Reading<P>): void {
    if (this.#state === 'stopped') return;
    this.#lastUs = this.#options.clock.nowUs();
    if (this.#state !== 'live') this.say('live');
    this.#readings.next(reading);
  }

  /** Begins to watch for silence, from now. */
  watch(): void {
    this.#cancelWatch();
    this.#lastUs = Math.max(this.#lastUs, this.#options.clock.nowUs());
    this.#waitForSilence();
  }

  unwatch(): void {
    this.#cancelWatch();
  }

  /** Says `stopped` and completes. May be called twice. */
  close(reason = ''): void {
    this.#cancelWatch();
    if (this.#state === 'stopped') return;
    this.say('stopped', reason);
    this.#readings.complete();
    this.#status.complete();
  }

  #waitForSilence(): void {
    const { clock, silentAfterMs, whySilent, onSilent } = this.#options;
    const leftMs = silentAfterMs - (clock.nowUs() - this.#lastUs) / 1000;
    this.#cancelWatch = clock.after(Math.max(1, leftMs), () => {
      if (clock.nowUs() - this.#lastUs < silentAfterMs * 1000) {
        this.#waitForSilence();
        return;
      }
      this.say('silent', whySilent?.() ?? `nothing came for ${silentAfterMs / 1000} s`);
      onSilent();
    });
  }
}
