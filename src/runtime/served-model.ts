import { Subject } from 'rxjs';
import type { Model, WindowTerms } from '../../pipelines/engine.ts';
import type { EncodeOptions, EncoderHealth, Encoders } from '../core/encoder.ts';
import { UsageError } from '../core/errors.ts';
import type { Modality, Space } from '../core/types.ts';
import type { Bundle, BundleEntry } from '../encoders/bundle.ts';
import type { FrontEnd } from '../frontends/recipe.ts';
import type { Config } from './config.ts';
import { windowTerms } from './window-terms.ts';

/** A bundle in service: its encoders, and who still uses them. */
export class ServedModel implements Model {
  readonly bundle: Bundle;
  readonly encoders: Encoders;
  readonly #config: () => Config;
  readonly #encode: () => EncodeOptions;
  readonly #expired = new Subject<void>();
  readonly expired$ = this.#expired.asObservable();
  readonly #whenFree: (() => void)[] = [];
  #users = 0;
  #health: EncoderHealth | undefined;

  /**
   * @param config the one in force: its wishes for windows go over the bundle's
   * @param encode over the config's terms
   */
  constructor(bundle: Bundle, encoders: Encoders, config: () => Config, encode: () => EncodeOptions) {
    this.bundle = bundle;
    this.encoders = encoders;
    this.#config = config;
    this.#encode = encode;
    encoders.health$.subscribe((health) => (this.#health = health));
  }

  get space(): Space {
    return this.bundle.space;
  }

  get health(): EncoderHealth | undefined {
    return this.#health;
  }

  get policy(): EncodeOptions {
    const { keep, staleAfterMs } = this.#config().encoders;
    return { keep, staleAfterMs, ...this.#encode() };
  }

  readonly frontEnd = (modality: Modality): FrontEnd => this.#entry(modality).frontEnd;

  readonly window = (id: string): WindowTerms => {
    const source = this.#config().sources.find((other) => other.id === id);
    return windowTerms(source && this.bundle.entries.get(source.modality)?.window, source?.window);
  };

  readonly hold = (): (() => void) => {
    let isHeld = true;
    this.#users++;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#users--;
      if (this.#users === 0) for (const resolve of this.#whenFree.splice(0)) resolve();
    };
  };

  /** Resolves when nobody uses it. */
  free(): Promise<void> {
    return this.#users === 0 ? Promise.resolve() : new Promise((resolve) => this.#whenFree.push(resolve));
  }

  /** Tells those who still use it to end. */
  expire(): void {
    this.#expired.next();
  }

  #entry(modality: Modality): BundleEntry {
    const found = this.bundle.entries.get(modality);
    if (!found) throw new UsageError('NO_ENCODER', `${this.bundle.dir} has no encoder for ${modality}`);
    return found;
  }
}
