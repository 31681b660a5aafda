import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openScene } from '../../devices/simulator/open-scene.ts';
import { UsageError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { SourceConfig } from '../core/source-config.ts';
import { SimulatorProcess } from './simulator-process.ts';

const SCHEME = 'simulate:';

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

interface Running {
  readonly process: SimulatorProcess;
  readonly endpoints: readonly SourceConfig[];
}

/**
 * The virtual devices behind `from: simulate:...`. Sources of the same scene, seed and beginning share one `edgebind simulate` child
 * process, so that they sense the same events at the same time.
 */
export class Simulators {
  readonly #log: Log;
  readonly #running = new Map<string, Running>();
  #folder: string | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * Replaces each source `from: simulate:...` by the address of a virtual device, and starts what is not there yet; other sources
   * stay as they are.
   *
   * @param mqttUrl the broker that the `mqtt:` sources of this run are read from
   * @throws UsageError for an unknown scene, EdgeBindError where a simulator does not start; nothing new is left running then
   */
  async resolve(sources: readonly SourceConfig[], mqttUrl: string): Promise<SourceConfig[]> {
    const wanted = wantedOf(sources);
    const started: string[] = [];
    try {
      for (const [key, scene] of wanted) {
        if (this.#running.has(key)) continue;
        // The topics of two scenes must not meet; the first keeps the plain one, which the docs show.
        const topic = this.#running.size === 0 ? 'edgebind/sim' : `edgebind/sim/${key}`;
        this.#folder ??= await mkdtemp(join(tmpdir(), 'edgebind-simulated-'));
        const serialDir = join(this.#folder, key);
        this.#running.set(key, await SimulatorProcess.start({ ...scene, mqttUrl, log: this.#log, topic, serialDir }));
        started.push(key);
      }
    } catch (error) {
      await this.#end(started);
      throw error;
    }
    return sources.map((source) => {
      const key = keyOf(source);
      const device = key === undefined ? undefined : this.#running.get(key)?.endpoints.find(({ modality }) => modality === source.modality);
      // What the config says about the source wins, except for where it comes from.
      return device ? { ...device, ...source, from: device.from } : source;
    });
  }

  /** Ends those that none of these sources needs. */
  async release(sources: readonly SourceConfig[]): Promise<void> {
    const wanted = wantedOf(sources);
    await this.#end([...this.#running.keys()].filter((key) => !wanted.has(key)));
  }

  async stop(): Promise<void> {
    await this.#end([...this.#running.keys()]);
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }

  async #end(keys: readonly string[]): Promise<void> {
    const ended = keys.flatMap((key) => this.#running.get(key) ?? []);
    for (const key of keys) this.#running.delete(key);
    await Promise.all(ended.map(({ process }) => process.stop()));
  }
}

/** @throws UsageError for a scene that is not there, or a parameter that `simulate:` does not know */
export const checkSimulated = (source: SourceConfig): void => void parseFrom(source);

function keyOf(source: SourceConfig): string | undefined {
  if (!source.from.startsWith(SCHEME)) return undefined;
  const { scene, seed, atSeconds } = parseFrom(source);
  return `${scene}-${seed}-${atSeconds}`;
}

const wantedOf = (sources: readonly SourceConfig[]): Map<string, Wanted> =>
  new Map(
    sources.flatMap((source) => {
      const key = keyOf(source);
      return key === undefined ? [] : [[key, parseFrom(source)] as const];
    }),
  );
