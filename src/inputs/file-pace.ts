import type { SourceConfig } from '../core/source-config.ts';

/**
 * When the readings of a file happened that is read as fast as it goes (`realtime: false`): as far apart as they are in the file,
 * whatever the reading took. So the first is now, and later ones may lie ahead of the host's clock.
 */
export class FilePace {
  readonly #isOwn: boolean;
  #beganUs: number | undefined;

  constructor({ from, realtime }: Pick<SourceConfig, 'from' | 'realtime'>) {
    this.#isOwn = from.startsWith('file:') && realtime === false;
  }

  /** A new run of the program: the file begins again. */
  restart(): void {
    this.#beganUs = undefined;
  }

  /**
   * The arrival that a reading would have had from a device.
   *
   * @param inFileUs where it lies in the file
   */
  arrivalUs(readUs: number, inFileUs: number): number {
    if (!this.#isOwn) return readUs;
    this.#beganUs ??= readUs;
    return this.#beganUs + Math.round(inFileUs);
  }
}
