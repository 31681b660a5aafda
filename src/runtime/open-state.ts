import type { LoadedConfig } from './config.ts';
import { holdFolder } from './hold-folder.ts';
import { makeFolder } from './make-folder.ts';
import { configPath } from './senses.ts';
import type { World } from './world.ts';

/** The folder of a run's state. */
export interface State {
  readonly dir: string;
  /** Lets another run have it. */
  close(): void;
}

/**
 * Makes and holds the folder that the config names; a replay has brought its own.
 *
 * @throws EdgeBindError `FOLDER_UNUSABLE`
 * @throws UsageError `STATE_IN_USE`
 */
export async function openState({ config, folder }: LoadedConfig, world: World | undefined): Promise<State> {
  if (world) return { dir: world.stateDir, close: () => undefined };
  const dir = configPath(folder, config.state.dir);
  makeFolder(dir, 'the state', 'state.dir');
  return { dir, close: await holdFolder(dir) };
}
