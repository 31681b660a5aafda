import { BehaviorSubject, type Observable } from 'rxjs';
import type { EncodeOptions } from '../core/encoder.ts';
import { EdgeBindError, messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time.ts';
import type { Space } from '../core/types.ts';
import { openBundle, type Bundle } from '../encoders/bundle.ts';
import { startEncoders, type EncodersOptions } from '../encoders/encoder-pool.ts';
import { manifestStamp, watchBundle } from './bundle-watch.ts';
import { placed } from './check-sources.ts';
import type { Config } from './config.ts';
import { ServedModel } from './served-model.ts';

export interface ModelHostOptions {
  /** How the encoders of each bundle are started. */
  readonly encoders: EncodersOptions;
  readonly config: () => Config;
  /** Over the config's terms for windows that come faster than their encoder. */
  readonly encode: () => EncodeOptions;
  readonly clock: Clock;
  readonly log: Log;
}

/** A bundle that was to take over and was refused; the one before goes on. */
export interface RefusedModel {
  readonly dir: string;
  readonly code: string;
  readonly reason: string;
  readonly timeUs: number;
}

/** How long sources may take to finish what they have begun with the old model; a silent one has windows open that nothing closes. */
const EXPIRE_MS = 10_000;

/**
 * The model in force, and its successors. A new one is loaded in workers of its own beside the old, so nothing waits for it, and it
 * is in force only after it has passed its checks. The old workers are ended when their last vector is out: sessions that are
 * released in a living worker leak.
 */
export class ModelHost {
  readonly #options: ModelHostOptions;
  readonly #models: BehaviorSubject<ServedModel>;
  /** All that can make vectors now; the last is in force, or about to be. */
  readonly #inService: ServedModel[];
  #refused: RefusedModel | undefined;
  #isStopping = false;
  #unwatch = (): void => undefined;
  /** Stamp of the manifest that was opened last, before it was. */
  #seen: string;

  private constructor(options: ModelHostOptions, first: ServedModel, seen: string) {
    this.#options = options;
    this.#seen = seen;
    this.#models = new BehaviorSubject(first);
    this.#inService = [first];
  }

  /**
   * @param seen `manifestStamp` of before the bundle was opened
   * @throws UsageError where the bundle is broken or cannot be trusted
   */
  static async open(bundle: Bundle, seen: string, options: ModelHostOptions): Promise<ModelHost> {
    const first = new ServedModel(bundle, await startEncoders(bundle, options.encoders), options.config, options.encode);
    return new ModelHost(options, first, seen);
  }

  get current(): ServedModel {
    return this.#models.value;
  }

  get models$(): Observable<ServedModel> {
    return this.#models.asObservable();
  }

  /** All that can make vectors now, the newest first. */
  get inService(): readonly ServedModel[] {
    return this.#inService.toReversed();
  }

  /** The spaces of all vectors that can still come, the newest first. */
  get spaces(): readonly Space[] {
    return [...new Map(this.inService.map(({ space }) => [space.id, space])).values()];
  }

  /** The last attempt to exchange the model, if it failed. */
  get refused(): RefusedModel | undefined {
    return this.#refused;
  }

  /** The refused bundle is not wanted any more. */
  forgive(): void {
    this.#refused = undefined;
  }

  /** Sources whose vectors no longer differ although their inputs do. */
  get collapsed(): ReadonlySet<string> {
    return new Set(this.current.health?.collapsed);
  }

  /** The model that makes vectors of a space. */
  of(space: string): ServedModel {
    return this.inService.find((model) => model.space.id === space) ?? this.current;
  }

  /**
   * Loads a bundle beside the present one, checks it and warms it up. Undefined where it is the present one, unchanged.
   *
   * @param place said in the error: where the bundle is named
   * @throws UsageError where it is broken or cannot be trusted
   */
  async prepare(dir: string, place?: string): Promise<ServedModel | undefined> {
    const { config, encode, log } = this.#options;
    await this.#room();
    try {
      this.#seen = await manifestStamp(dir);
      const bundle = await openBundle(dir);
      const { bundle: present } = this.current;
      const isSame = present.space.id === bundle.space.id && JSON.stringify(present.manifest) === JSON.stringify(bundle.manifest);
      if (isSame && present.dir === dir) {
        this.#refused = undefined;
        return undefined;
      }
      log.info({ dir, space: bundle.space.id }, 'a new model is loaded beside the present one');
      const encoders = await startEncoders(bundle, this.#options.encoders);
      if (this.#isStopping) {
        await encoders.stop();
        throw new EdgeBindError('STOPPING', 'EdgeBind stops');
      }
      return new ServedModel(bundle, encoders, config, encode);
    } catch (error) {
      this.#refuse(dir, error);
      throw place === undefined ? error : placed(place, error);
    }
  }

  /** Waits until but one model is on its way out: memory does not hold any number of them. */
  async #room(): Promise<void> {
    for (const old of this.#inService.slice(0, -2)) await old.free();
  }

  /** From now on this bundle's files are watched, and no other's; each change is an attempt to take it into service. */
  watch(dir: string, attempt: () => Promise<void>): void {
    this.#unwatch();
    this.#unwatch = watchBundle(dir, {
      clock: this.#options.clock,
      seen: this.#seen,
      isRefused: () => this.#refused !== undefined,
      attempt,
    });
  }

  /** From now on vectors of this model can be asked for, and must be understood. */
  admit(next: ServedModel): void {
    this.#inService.push(next);
  }

  /** Ends one that cannot take over. */
  async dismiss(next: ServedModel, error: unknown): Promise<void> {
    const at = this.#inService.indexOf(next);
    if (at >= 0) this.#inService.splice(at, 1);
    this.#refuse(next.bundle.dir, error);
    await next.encoders.stop();
  }

  /** Gives the windows that begin from now on to the next model; resolves when the old one has made its last vector and is gone. */
  async takeOver(next: ServedModel): Promise<void> {
    const { clock, log } = this.#options;
    const old = this.current;
    this.#refused = undefined;
    this.#models.next(next);
    log.info({ dir: next.bundle.dir, space: next.space.id, before: old.space.id }, 'the new model is in force');
    const cancel = clock.after(EXPIRE_MS, () => old.expire());
    await old.free();
    cancel();
    await old.encoders.stop();
    this.#inService.splice(this.#inService.indexOf(old), 1);
  }

  #refuse(dir: string, error: unknown): void {
    const reason = messageOf(error);
    const code = error instanceof EdgeBindError ? error.code : 'MODEL_REFUSED';
    this.#refused = { dir, code, reason, timeUs: this.#options.clock.nowUs() };
    if (!this.#isStopping) this.#options.log.error({ dir, code, reason }, 'the new model is refused; the one before goes on');
  }

  /** Before a stop: nothing new comes, and what is on its way out goes now. */
  hasten(): void {
    this.#isStopping = true;
    this.#unwatch();
    for (const model of this.#inService) if (model !== this.current) model.expire();
  }

  /** Ends what runs; what waits is dropped as `stopped`. */
  async stop(): Promise<void> {
    await Promise.all(this.#inService.map(({ encoders }) => encoders.stop()));
  }
}
