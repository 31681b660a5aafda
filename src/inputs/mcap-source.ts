import type { Observable } from 'rxjs';
import { messageOf, UsageError } from '../core/errors.ts';
import type { Source } from '../core/source.ts';
import type { SourceConfig } from '../core/source-config.ts';
import type { Modality, Reading, SourceStatus } from '../core/types.ts';
import { asItCame } from '../recording/as-it-came.ts';
import { openRecording, type Recording } from '../recording/open-recording.ts';
import type { InputContext } from './context.ts';
import { RecordedPace } from './recorded-pace.ts';
import { SourcePort } from './source-port.ts';

/** When the recordings of one opening of sources begin, so that sources of one file keep their distances. */
const beginnings = new WeakMap<InputContext, number>();

/**
 * One source of a recording as a live input, at its own pace: `mcap:FILE` or `mcap:FILE?source=ID` (else the source of the same id);
 * FILE may be a folder. Times are moved to now and keep their distances, also to those of other sources of the file that are opened
 * with it. `loop` begins again at the end. The ledger's stage `input` counts readings; those whose stamp the recorded run refused are
 * dropped as `badStamp`.
 *
 * @throws UsageError `INVALID_SOURCE`
 */
export function mcapSource(config: SourceConfig, context: InputContext): Source {
  return new McapSource(config, context);
}

class McapSource implements Source {
  readonly id: string;
  readonly modality: Modality;
  readonly readings$: Observable<Reading>;
  readonly status$: Observable<SourceStatus>;
  readonly #config: SourceConfig;
  readonly #context: InputContext;
  readonly #port: SourcePort;
  readonly #file: string;
  readonly #source: string;
  #isStopped = false;
  #wake: () => void = () => undefined;
  #played: Promise<void> | undefined;

  constructor(config: SourceConfig, context: InputContext) {
    const { id, from } = config;
    const [file = '', query = ''] = from.slice('mcap:'.length).split('?', 2);
    const parameters = new URLSearchParams(query);
    if (file === '' || [...parameters.keys()].some((key) => key !== 'source'))
      throw new UsageError('INVALID_SOURCE', `source ${id}: "${from}"; write mcap:FILE or mcap:FILE?source=ID`);
    if (config.realtime === false)
      throw new UsageError(
        'INVALID_SOURCE',
        `source ${id}: mcap: runs at its own pace; \`edgebind replay FILE\` is as fast as encoders can`,
      );
    this.id = id;
    this.modality = config.modality;
    this.#config = config;
    this.#context = context;
    this.#file = file;
    this.#source = parameters.get('source') ?? id;
    this.#port = new SourcePort(id, { clock: context.clock, silentAfterMs: 0, onSilent: () => undefined });
    this.readings$ = this.#port.readings$;
    this.status$ = this.#port.status$;
  }

  start(): void {
    if (this.#played || this.#isStopped) return;
    const beginUs = beginnings.get(this.#context) ?? this.#context.clock.nowUs();
    beginnings.set(this.#context, beginUs);
    this.#port.say('starting', `opening ${this.#file}`);
    this.#played = this.#play(beginUs).then(
      () => this.#port.close(this.#isStopped ? '' : 'end of the recording'),
      (error: unknown) => this.#port.say('failed', messageOf(error)),
    );
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake();
    await this.#played;
    this.#port.close();
  }

  async #play(beginUs: number): Promise<void> {
    const recording = await openRecording([this.#file]);
    this.#requireSource(recording);
    const pace = new RecordedPace(beginUs);
    let nextSeq = 0;
    do {
      pace.begin();
      const before = nextSeq;
      nextSeq = await this.#round(recording, pace, before);
      if (nextSeq === before && !this.#hasStopped())
        throw new UsageError('INVALID_SOURCE', `${this.#file}: has no samples of ${this.#source}`);
    } while (this.#config.loop === true && !this.#hasStopped());
  }

  /** @returns the sequence number from which a further round goes on */
  async #round(recording: Recording, pace: RecordedPace, firstSeq: number): Promise<number> {
    const stage = this.#context.ledger.stage(this.id, 'input');
    let shiftSeq: number | undefined;
    let nextSeq = firstSeq;
    // Readings of the other sources are looked at too: all sources of a recording go by one pace.
    for await (const event of recording.events({ kinds: ['reading'] })) {
      if (this.#hasStopped()) break;
      if (event.kind !== 'reading') continue;
      const shiftUs = pace.shiftUs(event.atUs);
      if (event.source !== this.#source) continue;
      await this.#until(event.atUs + shiftUs);
      if (this.#hasStopped()) break;
      stage.receive();
      const { sample } = await asItCame(event);
      if (!sample) {
        stage.drop('badStamp');
        continue;
      }
      shiftSeq ??= firstSeq - sample.seq;
      nextSeq = Math.max(nextSeq, sample.seq + shiftSeq + 1);
      stage.emit();
      this.#port.emit({
        arrivalUs: this.#context.clock.nowUs(),
        deviceUs: sample.timeUs + shiftUs,
        ...(sample.seq + shiftSeq >= 0 && { seq: sample.seq + shiftSeq }),
        payload: sample.payload,
      });
    }
    return nextSeq;
  }

  #requireSource({ sources }: Recording): void {
    const found = sources.find(({ id }) => id === this.#source);
    const has = sources.map(({ id, modality }) => `${id} (${modality})`).join(', ');
    if (!found) throw new UsageError('INVALID_SOURCE', `${this.#file} has no source ${this.#source}; name one by ?source=: ${has}`);
    if (found.modality !== this.modality)
      throw new UsageError(
        'INVALID_SOURCE',
        `${this.#file}: ${this.#source} is of modality ${found.modality}, not ${this.modality}; it has: ${has}`,
      );
  }

  #hasStopped(): boolean {
    return this.#isStopped;
  }

  #until(timeUs: number): Promise<void> {
    const { clock } = this.#context;
    const waitMs = (timeUs - clock.nowUs()) / 1000;
    if (waitMs < 1) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = clock.after(waitMs, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
