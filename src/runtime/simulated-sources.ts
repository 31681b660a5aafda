import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openScene } from '../../devices/simulator/open-scene.ts';
import { UsageError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { SourceConfig } from '../core/source-config.ts';
import { SimulatorProcess } from './simulator-process.ts';

const SCHEME = 'simulate:';

/** Sources without `simulate:`, and the way to end what stands behind them. */
export interface ResolvedSources {
  readonly sources: SourceConfig[];
  stop(): Promise<void>;
}

interface Wanted {
  readonly scene: string;
  readonly seed: number;
  readonly atSeconds: number;
}

/** Reads `simulate:`, `simulate:SCENE` or `simulate:SCENE?seed=N&at=SECONDS`. */
function parseFrom({ id, from }: SourceConfig): Wanted {
  const [name = '', query = ''] = from.slice(SCHEME.length).split('?', 2);
  const parameters = new URLSearchParams(query);
  const numberOf = (key: string, otherwise: string): number => {
    const text = parameters.get(key) ?? otherwise;
    parameters.delete(key);
    if (!/^\d{1,9}$/.test(text))
      throw new UsageError('INVALID_SOURCE', `source ${id}: ${key} in "${from}" is not a whole number from 0 on`);
    return Number(text);
  };
  const [seed, atSeconds] = [numberOf('seed', '1'), numberOf('at', '0')];
  const [unknown] = parameters.keys();
  if (unknown !== undefined)
    throw new UsageError('INVALID_SOURCE', `source ${id}: "${from}" has the parameter ${unknown}; simulate: knows seed and at`);
  return { scene: openScene(name === '' ? 'kitchen' : name, seed).name, seed, atSeconds };
}

/**
 * Replaces each source `from: simulate:...` by the address of a virtual device. Sources of the same scene, seed and beginning share one
 * `edgebind simulate` child process, so that they sense the same events at the same time; other sources stay as they are.
 *
 * @param options.mqttUrl the broker that the `mqtt:` sources of this run are read from
 * @throws UsageError for an unknown scene, EdgeBindError where the simulator does not start
 */
export async function resolveSimulated(sources: readonly SourceConfig[], options: { mqttUrl: string; log: Log }): Promise<ResolvedSources> {
  const wanted = new Map<string, Wanted>();
  const keyOf = (source: SourceConfig): string | undefined => {
    if (!source.from.startsWith(SCHEME)) return undefined;
    const parsed = parseFrom(source);
    const key = `${parsed.scene}-${parsed.seed}-${parsed.atSeconds}`;
    wanted.set(key, parsed);
    return key;
  };
  const keys = sources.map(keyOf);
  if (wanted.size === 0) return { sources: [...sources], stop: () => Promise.resolve() };

  const folder = await mkdtemp(join(tmpdir(), 'edgebind-simulated-'));
  const processes: SimulatorProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(processes.map((process) => process.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  const devices = new Map<string, readonly SourceConfig[]>();
  try {
    for (const [key, scene] of wanted) {
      // The topics of two scenes must not meet; the first keeps the plain one, which the docs show.
      const topic = devices.size === 0 ? 'edgebind/sim' : `edgebind/sim/${key}`;
      const { process, endpoints } = await SimulatorProcess.start({ ...scene, ...options, topic, serialDir: join(folder, key) });
      processes.push(process);
      devices.set(key, endpoints);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const resolved = sources.map((source, index) => {
    const device = devices.get(keys[index] ?? '')?.find(({ modality }) => modality === source.modality);
    // What the config says about the source wins, except for where it comes from.
    return device ? { ...device, ...source, from: device.from } : source;
  });
  return { sources: resolved, stop };
}
