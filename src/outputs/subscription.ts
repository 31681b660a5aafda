import type { Stage } from '../core/ledger.ts';
import type { Sense } from '../core/types.ts';
import type { Encoding, SubscribeMessage } from '../core/wire.ts';
import type { Publication } from './publication.ts';

/** How often at most a client is told of its lag. */
const LAG_EVERY_US = 1_000_000;
/** Remembered times of sending; with more keys than that the oldest may be sent early once. */
const MAX_KEYS = 4096;
/** Tiles do not need more. */
const DEFAULT_SAMPLES_HZ = 5;

/** The client a subscription belongs to. */
export interface SubscriptionOwner {
  /** Whether the client's socket is full. */
  readonly isBlocked: boolean;
  /** Something waits to be sent. */
  wake(subscription: Subscription): void;
}

/**
 * What one client wants of one channel, and what waits for it: of each key (a source, or a rule on a source) the newest only.
 * `maxHz` holds back what would be too early; the first goes at once, and what is stamped as sent was sent.
 */
export class Subscription {
  readonly name: string;
  readonly channel: SubscribeMessage['channel'];
  readonly encoding: Encoding;
  readonly stage: Stage;
  /** At most so many messages a second and key; `Infinity`: all. */
  readonly maxHz: number;
  readonly #owner: SubscriptionOwner;
  readonly #sources: ReadonlySet<string> | undefined;
  readonly #modalities: ReadonlySet<Sense> | undefined;
  /** In order of waiting: a newer publication takes the place of the one it replaces. */
  readonly #pending = new Map<string, Publication>();
  readonly #dueUs = new Map<string, number>();
  #conflated = 0;
  #lagDueUs = Number.NEGATIVE_INFINITY;

  constructor(request: SubscribeMessage, owner: SubscriptionOwner, stage: Stage) {
    this.name = request.sub;
    this.channel = request.channel;
    this.encoding = request.encoding ?? 'json';
    this.maxHz = request.maxHz ?? (request.channel === 'samples' ? DEFAULT_SAMPLES_HZ : Infinity);
    this.stage = stage;
    this.#owner = owner;
    this.#sources = request.sources && new Set(request.sources);
    this.#modalities = request.modalities && new Set(request.modalities);
  }

  matches(source: string, modality: Sense | undefined): boolean {
    if (this.#sources && !this.#sources.has(source)) return false;
    return !this.#modalities || (modality !== undefined && this.#modalities.has(modality));
  }

  /** Items that wait. */
  get size(): number {
    let size = 0;
    for (const publication of this.#pending.values()) size += publication.size;
    return size;
  }

  offer(publication: Publication): void {
    this.stage.receive(publication.size);
    const older = this.#pending.get(publication.key);
    if (older?.absorb) {
      this.#lose(older.absorb(publication));
    } else {
      if (older) this.#lose(older.size);
      this.#pending.set(publication.key, publication);
    }
    this.#owner.wake(this);
  }

  /** The publication that waited longest of those that may go now; it counts as sent from here on. */
  take(nowUs: number): Publication | undefined {
    for (const [key, publication] of this.#pending) {
      if (this.maxHz !== Infinity) {
        if ((this.#dueUs.get(key) ?? Number.NEGATIVE_INFINITY) > nowUs) continue;
        if (this.#dueUs.size >= MAX_KEYS) this.#dueUs.clear();
        this.#dueUs.set(key, nowUs + 1_000_000 / this.maxHz);
      }
      this.#pending.delete(key);
      return publication;
    }
    return undefined;
  }

  /** How many were conflated since the client was last told, if it is time to tell; else 0. */
  takeLag(nowUs: number): number {
    if (this.#conflated === 0 || nowUs < this.#lagDueUs) return 0;
    const conflated = this.#conflated;
    this.#conflated = 0;
    this.#lagDueUs = nowUs + LAG_EVERY_US;
    return conflated;
  }

  /** When the next of those that wait may go; undefined where none waits. */
  nextDueUs(): number | undefined {
    let next = this.#conflated > 0 ? this.#lagDueUs : undefined;
    for (const key of this.#pending.keys()) next = Math.min(next ?? Infinity, this.#dueUs.get(key) ?? 0);
    return next;
  }

  /** Lets go of what waits. */
  drop(reason: string): void {
    this.stage.drop(reason, this.size);
    this.#pending.clear();
  }

  /** Lost to a full socket, which is the client's lag; or to `maxHz`, which is what it asked for. */
  #lose(count: number): void {
    if (count === 0) return;
    if (this.#owner.isBlocked) this.#conflated += count;
    this.stage.drop(this.#owner.isBlocked ? 'conflated' : 'throttled', count);
  }
}
