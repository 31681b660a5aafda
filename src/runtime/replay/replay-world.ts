import { Subject, type OperatorFunction } from 'rxjs';
import type { Rule } from '../../alerts/rule.ts';
import type { EncodeOptions, Encoders } from '../../core/encoder.ts';
import type { Fused, FusionTick } from '../../core/fused.ts';
import type { SourceConfig } from '../../core/source-config.ts';
import { VirtualClock } from '../../core/time.ts';
import type { Alert, Embedding, Reading, Sample, WindowMeta } from '../../core/types.ts';
import type { RecordedEvent, RecordedRule } from '../../recording/recorded-event.ts';
import type { SpaceVector } from '../../space/vector.ts';
import type { World } from '../world.ts';
import { JointTurns } from './joint-turns.ts';
import { PendingWindows, windowKey } from './pending-windows.ts';
import { ReplayClock } from './replay-clock.ts';
import { ReplaySource } from './replay-source.ts';

/** More than any window that closes at once can open: nothing is ever dropped for want of room. */
const QUEUE = 65_536;

/** What stands in for the host while a recording is replayed. */
export class ReplayWorld implements World {
  readonly clock: VirtualClock;
  readonly decisionClock: ReplayClock;
  readonly hostSteps$ = new Subject<number>();
  readonly pending = new PendingWindows();
  readonly joint = new JointTurns();
  readonly sources = new Map<string, ReplaySource>();
  readonly encode: EncodeOptions;
  readonly stateDir: string;
  readonly listens: boolean;
  readonly onAlert: (alert: Alert) => void;
  /** Between the beginning of a piece of a recording and its checkpoint: nothing is judged. */
  isOff = false;
  /** Where readings were placed when they were recorded; empty where they are placed anew. */
  readonly places = new WeakMap<Reading, Sample>();
  /** Where the piece of the recording begins that is replayed, and those that come next; and the first reading of each source in it. */
  #pieceUs = Number.POSITIVE_INFINITY;
  readonly #nextPiecesUs: number[] = [];
  readonly #firstUs = new Map<string, number>();
  /** Told of each window that goes to the encoders. */
  onWindow: (key: string, endUs: number) => void = () => undefined;
  /** Windows that the recorded run did not encode, as far as the replay has looked ahead. */
  readonly #leftOut = new Set<string>();
  readonly #queries = new Map<string, SpaceVector>();

  constructor(options: { startUs: number; stateDir: string; listens: boolean; onAlert: (alert: Alert) => void }) {
    this.clock = new VirtualClock(options.startUs);
    this.decisionClock = new ReplayClock(options.startUs);
    this.stateDir = options.stateDir;
    this.listens = options.listens;
    this.onAlert = options.onAlert;
    this.encode = {
      keep: 'every',
      queue: QUEUE,
      refuse: (window) => this.#refuse(window),
      onDrop: (window) => this.pending.settle(window, undefined),
    };
  }

  open(config: SourceConfig): ReplaySource {
    const source = new ReplaySource(config);
    this.sources.set(config.id, source);
    return source;
  }

  embedding(embedding: Embedding, pass: (embedding: Embedding) => void): void {
    this.pending.settle(embedding, () => pass(embedding));
  }

  fuse(encoders: Pick<Encoders, 'fuse'>): OperatorFunction<FusionTick, Fused> {
    return this.joint.fuse(encoders);
  }

  query(rule: Rule): SpaceVector | undefined {
    return this.#queries.get(JSON.stringify(rule));
  }

  /** Learns the vectors of recorded rules. `rule` must be as the config's schema gives it. */
  learn(rules: readonly (RecordedRule & { readonly rule: Rule })[]): void {
    for (const { rule, query } of rules) if (query) this.#queries.set(JSON.stringify(rule), query);
  }

  placed = (reading: Reading): Sample | undefined => this.places.get(reading);

  isMuted = (): boolean => this.isOff;

  /** Whether a window began before the piece that its end is in. */
  isCut({ source, startUs }: Pick<WindowMeta, 'source' | 'startUs'>): boolean {
    return startUs < (this.#firstUs.get(source) ?? Number.NEGATIVE_INFINITY);
  }

  /** The turn of a reading has come. */
  meet({ source, reading, sample }: Extract<RecordedEvent, { kind: 'reading' }>): void {
    if (!sample) return;
    this.places.set(reading, sample);
    if (reading.arrivalUs >= this.#pieceUs && !this.#firstUs.has(source)) this.#firstUs.set(source, sample.timeUs);
  }

  /** The recording begins with a piece. */
  beginInside(): void {
    this.isOff = true;
    this.#pieceUs = Number.NEGATIVE_INFINITY;
  }

  /** Whether an event is the first of the piece that a checkpoint was foreseen of. */
  begins({ atUs }: RecordedEvent): boolean {
    let isFirst = false;
    for (let [next] = this.#nextPiecesUs; next !== undefined && atUs >= next; [next] = this.#nextPiecesUs) {
      this.#pieceUs = next;
      this.#nextPiecesUs.shift();
      this.#firstUs.clear();
      isFirst = true;
    }
    return isFirst;
  }

  /** Looks at an event before its turn. */
  foresee(event: RecordedEvent): void {
    if (event.kind === 'checkpoint' && !event.alerts) this.#nextPiecesUs.push(event.fromUs);
    if (event.kind === 'drop') this.#leftOut.add(dropKey(event));
  }

  /** The event's turn has come: what was foreseen of it is over. */
  forget(event: RecordedEvent): void {
    if (event.kind === 'drop') this.#leftOut.delete(dropKey(event));
  }

  #refuse(window: WindowMeta): string | undefined {
    const key = windowKey(window);
    if (this.#leftOut.has(key) || this.isCut(window)) return 'asRecorded';
    this.pending.add(window);
    this.onWindow(key, window.endUs);
    return undefined;
  }
}

export const dropKey = ({ drop }: Extract<RecordedEvent, { kind: 'drop' }>): string =>
  windowKey({ ...drop, samples: { first: drop.first, last: 0, missing: 0 } });
