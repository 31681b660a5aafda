import { defer, finalize, mergeMap, Observable, retry, skip, Subscription, takeUntil, tap } from 'rxjs';
import { camera } from '../../pipelines/camera.ts';
import { depth } from '../../pipelines/depth.ts';
import type { Engine, Pipeline } from '../../pipelines/engine.ts';
import { features } from '../../pipelines/features.ts';
import { imu } from '../../pipelines/imu.ts';
import { microphone } from '../../pipelines/microphone.ts';
import { own } from '../../pipelines/own.ts';
import { thermal } from '../../pipelines/thermal.ts';
import { Backoff } from '../core/backoff.ts';
import type { ClockState } from '../core/clock-state.ts';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Source } from '../core/source.ts';
import type { SourceConfig } from '../core/source-config.ts';
import type { Clock } from '../core/time.ts';
import type {
  ArrayReading,
  Depth,
  Embedding,
  Features,
  Imu,
  Modality,
  Pcm,
  Picture,
  Reading,
  Sample,
  SourceStatus,
  Thermal,
} from '../core/types.ts';
import { checkEmbedding } from './check-embedding.ts';
import { Meter } from './meter.ts';
import { withoutPassword } from './without-password.ts';

export interface StationOptions {
  readonly config: SourceConfig;
  readonly source: Source;
  readonly engine: Engine;
  /** The user's own, instead of that of the modality. */
  readonly pipeline?: Pipeline | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of each reading after its pipeline has seen it, with the sample that it became; undefined where its stamp was refused. */
  readonly onReading?: ((source: string, modality: Modality, reading: Reading, sample: Sample | undefined) => void) | undefined;
  readonly onEmbedding: (embedding: Embedding) => void;
  readonly onStatus: (status: SourceStatus) => void;
}

/** A source's clock as its pipeline shows it. */
interface ClockHandle {
  readonly state: ClockState;
}

/** How long a pipeline that threw waits before it begins again: longer each time, until it has given a vector. */
const RESTART_AFTER = { firstMs: 1000, maxMs: 60_000 };

/** One source and its pipeline, from start to stop. */
export class Station {
  readonly config: SourceConfig;
  readonly #options: StationOptions;
  readonly #subscription = new Subscription();
  readonly #samples: Meter;
  readonly #embeddings: Meter;
  #status: SourceStatus;
  #clock: ClockHandle | undefined;
  #segment = 0;
  #told: SourceStatus | undefined;
  #newestUs = 0;
  #quality = 1;
  #shown: Sample | undefined;

  constructor(options: StationOptions) {
    this.config = options.config;
    this.#options = options;
    this.#samples = new Meter(options.clock);
    this.#embeddings = new Meter(options.clock);
    this.#status = { source: options.config.id, state: 'starting', reason: '' };
  }

  get id(): string {
    return this.config.id;
  }

  get modality(): Modality {
    return this.config.modality;
  }

  /** The input's state and reason; where the input has nothing to say, what is wrong with its clock. */
  get status(): SourceStatus {
    const { reason, ...rest } = this.#status;
    return { ...rest, reason: reason === '' && this.#clock ? clockReason(this.#clock.state) : reason };
  }

  /** What a dashboard wants to know of the source now. */
  describe(): object {
    const { state, reason } = this.status;
    return {
      id: this.id,
      modality: this.modality,
      from: withoutPassword(this.config.from),
      state,
      reason,
      samplesHz: this.#samples.hz,
      embeddingsHz: this.#embeddings.hz,
      newestUs: this.#newestUs,
      quality: this.#quality,
      ...(this.#clock && { clock: this.#clock.state }),
    };
  }

  start(): void {
    const { source, engine, onEmbedding } = this.#options;
    const show = (sample: Sample): void => {
      this.#samples.count();
      this.#newestUs = Math.max(this.#newestUs, sample.timeUs);
      this.#shown = sample;
      engine.show(sample);
    };
    const clock: Engine['clock'] = (id) => ({
      ...engine.clock(id),
      offsetMs: this.config.offsetMs ?? 0,
      onClock: (handle) => this.#onClock(handle),
    });
    const own = this.#options.pipeline;
    const watched = this.#watched(source);
    const backoff = new Backoff(RESTART_AFTER);
    const parts: Engine = { ...engine, show, clock };
    const embeddings$ = defer(() => (own ? ownEmbeddings(own, watched, parts) : this.#pipeline(watched, parts))).pipe(
      tap(({ quality = 1 }) => {
        this.#embeddings.count();
        this.#quality = quality;
        backoff.reset();
      }),
      // Nothing that a pipeline does should throw; if it does, the others must not notice.
      retry({ delay: (error: unknown) => this.#pause(error, backoff.next()) }),
    );
    this.#subscription.add(
      source.status$.subscribe((status) => {
        this.#status = status;
        this.#tell();
      }),
    );
    this.#subscription.add(embeddings$.subscribe(onEmbedding));
    source.start();
  }

  /** The time after which a pipeline that threw begins again. What comes meanwhile is counted. */
  #pause(error: unknown, ms: number): Observable<void> {
    const { source, engine, clock, log } = this.#options;
    const { id } = this;
    log.error(
      { source: id, pipeline: this.config.pipeline ?? this.modality, error: messageOf(error) },
      `pipeline failed; it begins again in ${ms / 1000} s`,
    );
    const stage = engine.ledger.stage(id, 'pipeline');
    return new Observable((subscriber) => {
      const missed = source.readings$.subscribe({
        next: () => {
          stage.receive();
          stage.drop('pipelineFailed');
        },
        complete: () => subscriber.next(),
      });
      const cancel = clock.after(ms, () => subscriber.next());
      return () => {
        cancel();
        missed.unsubscribe();
      };
    });
  }

  #onClock(handle: ClockHandle): void {
    this.#clock = handle;
    const { segment, began } = handle.state;
    if (segment > this.#segment) this.#options.log.warn({ source: this.id, segment }, `a new segment of its clock: ${began}`);
    this.#segment = segment;
    this.#tell();
  }

  #tell(): void {
    const { status } = this;
    if (status.state === this.#told?.state && status.reason === this.#told.reason) return;
    this.#told = status;
    this.#options.onStatus(status);
  }

  /** The source with each reading told on, after its pipeline has placed it on the common timeline. */
  #watched(source: Source): Source {
    const { onReading } = this.#options;
    if (!onReading) return source;
    const readings$ = new Observable<Reading>((subscriber) =>
      source.readings$.subscribe({
        next: (reading) => {
          this.#shown = undefined;
          try {
            subscriber.next(reading);
          } finally {
            onReading(this.id, this.modality, reading, this.#shown);
          }
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      }),
    );
    return withReadings(source, readings$);
  }

  /** Each modality's own file in `pipelines/`. A source delivers what its modality says: its input has parsed it. */
  #pipeline(source: Source, engine: Engine): Observable<Embedding> {
    switch (source.modality) {
      case 'image':
        return this.config.format === 'features-f32'
          ? features(source as Source<Features>, engine)
          : camera(source as Source<Picture>, engine);
      case 'audio':
        return microphone(source as Source<Pcm>, engine);
      case 'thermal':
        return thermal(source as Source<Thermal>, engine);
      case 'depth':
        return depth(source as Source<Depth>, engine);
      case 'imu':
        return imu(source as Source<Imu>, engine);
      default:
        return own(source as Source<ArrayReading>, engine);
    }
  }

  /** Closes the device. What is on its way through the pipeline still comes out. */
  async stopInput(): Promise<void> {
    await this.#options.source.stop();
  }

  async stop(): Promise<void> {
    await this.stopInput();
    this.#subscription.unsubscribe();
  }
}

const withReadings = (source: Source, readings$: Observable<Reading>): Source => ({
  id: source.id,
  modality: source.modality,
  readings$,
  status$: source.status$,
  start: () => source.start(),
  stop: () => source.stop(),
});

/**
 * What a user's pipeline makes, with each model that takes over: it is called again with the new one, and its readings end with the old
 * one, so that it finishes what it has begun.
 */
function ownEmbeddings(own: Pipeline, source: Source, engine: Engine): Observable<Embedding> {
  return engine.models$.pipe(
    mergeMap((model) => {
      const { encoders, frontEnd, window, policy, hold, expired$ } = model;
      const free = hold();
      const readings$ = source.readings$.pipe(takeUntil(engine.models$.pipe(skip(1))));
      return defer(() => own(withReadings(source, readings$), { ...engine, encoders, frontEnd, window, policy, hold, expired$ })).pipe(
        tap((embedding) => checkEmbedding(embedding, source, encoders.space)),
        takeUntil(expired$),
        finalize(free),
      );
    }),
  );
}

/** What a person should know of a clock; nothing where all is well. */
function clockReason({ phase, segment, began, complaint }: ClockState): string {
  if (complaint !== '') return `clock: ${complaint}`;
  return phase === 'warmingUp' && segment > 0 ? `clock: ${began}; it is being fitted anew` : '';
}
