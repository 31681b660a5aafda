import type { Log } from '../core/log.ts';
import type { World } from './world.ts';

export interface EdgeBindOptions {
  readonly log: Log;
  /** Name and version, for `hello`. */
  readonly server: string;
  /** Folder of the built dashboard. */
  readonly dashboardDir?: string;
  /** Overrides `listen.port`; 0 takes a free one. */
  readonly port?: number;
  /** Records to this file, whatever the config says. */
  readonly recordTo?: string;
  /** Stands in for the host and its devices: a replay. */
  readonly world?: World;
}
