import type { Ledger } from '../../../src/core/ledger.ts';
import type { Log } from '../../../src/core/log.ts';
import type { Clock } from '../../../src/core/time.ts';
import type { Scene } from '../scene.ts';

/** What each virtual device is given: one scene and one origin of time, so that all of them speak of the same moment. */
export interface DeviceContext {
  readonly scene: Scene;
  readonly clock: Clock;
  /** When the scene began, microseconds since the epoch. */
  readonly originUs: number;
  readonly ledger: Ledger;
  readonly log: Log;
}
