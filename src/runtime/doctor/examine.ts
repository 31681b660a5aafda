import { messageOf } from '../../core/errors.ts';
import { openBundle } from '../../encoders/bundle.ts';
import { tryBundle } from '../../encoders/try-bundle.ts';
import type { Trial } from '../../encoders/try-graphs.ts';
import { findBundle } from '../bundles.ts';
import { PROVIDERS, type LoadedConfig } from '../config.ts';
import { encoderOptions } from '../encoder-options.ts';
import { configPath } from '../senses.ts';
import { brokerCheck } from './broker-check.ts';
import { clockCheck } from './clock-check.ts';
import { diskCheck } from './disk-check.ts';
import type { Finding } from './finding.ts';
import { graphCheck, otherProvider } from './graph-checks.ts';
import { jpegCheck } from './jpeg-check.ts';
import { nodeCheck } from './node-check.ts';
import { onnxruntimeCheck } from './onnxruntime-check.ts';
import { programCheck } from './program-check.ts';
import { serialCheck } from './serial-check.ts';

/** How long each graph is called on each provider. */
const SECONDS = 0.2;

/**
 * What this machine has of what EdgeBind needs, one finding at a time as it is known; the quick ones come first.
 *
 * @param loaded the config that is to run; without one, the bundle that is shipped on the CPU
 * @param progress is told what takes long
 */
export async function* examine(loaded: LoadedConfig | undefined, progress: (text: string) => void): AsyncGenerator<Finding> {
  const config = loaded?.config;
  const sources = config?.sources.map(({ from }) => from);
  yield nodeCheck(process.version);
  yield* programs(sources);
  yield jpegCheck();
  yield await serialCheck(sources ?? []);
  yield await clockCheck();
  for (const url of new Set([config?.broker.url, config?.outputs.mqtt?.url])) if (url !== undefined) yield await brokerCheck(url);
  yield* disks(loaded);
  const binding = loaded && encoderOptions(loaded).binding;
  const runtime = await onnxruntimeCheck(binding);
  yield runtime;
  if (runtime.status !== 'fail') yield* graphs(loaded, binding, progress);
}

async function* programs(sources: readonly string[] | undefined): AsyncGenerator<Finding> {
  yield await programCheck({
    name: 'ffmpeg',
    args: ['-version'],
    forWhat: 'cameras, microphones and files',
    packageName: 'ffmpeg',
    isNeeded: sources === undefined || sources.some((from) => !/^(serial|mqtt|gst):/.test(from)),
  });
  yield await programCheck({
    name: 'socat',
    args: ['-V'],
    forWhat: 'the serial ports of the simulator',
    packageName: 'socat',
    isNeeded: sources?.some((from) => from.startsWith('simulate:')) ?? false,
  });
  yield await programCheck({
    name: 'udevadm',
    args: ['--version'],
    forWhat: 'names of devices that stay the same when they are plugged in again',
    packageName: 'udev',
    isNeeded: false,
  });
}

async function* disks(loaded: LoadedConfig | undefined): AsyncGenerator<Finding> {
  if (!loaded) return;
  const { state, outputs } = loaded.config;
  yield await diskCheck('state', configPath(loaded.folder, state.dir), state.memory === false ? 0 : state.memory.maxGiB);
  const { record } = outputs;
  if (record) yield await diskCheck('recordings', configPath(loaded.folder, record.dir), record.maxGiB);
}

/** Each graph on the config's providers, then the first graph on the others: those are a matter of the machine, not of the graph. */
async function* graphs(
  loaded: LoadedConfig | undefined,
  binding: string | undefined,
  progress: (text: string) => void,
): AsyncGenerator<Finding> {
  const providers = loaded?.config.encoders.providers ?? ['cpu'];
  const dir = findBundle(loaded?.config.model ?? 'models/mini', loaded?.folder ?? process.cwd());
  try {
    progress(`opening ${dir}`);
    const bundle = await openBundle(dir);
    yield { check: 'bundle', status: 'ok', found: `${dir}: ${bundle.manifest.name}, space ${bundle.space.id}, hashes hold` };
    let trials: Trial[] = [];
    progress('trying its graphs');
    for await (const trial of tryBundle(bundle, { providers, seconds: SECONDS, binding })) {
      progress(`tried ${trial.modality} on ${trial.provider}`);
      trials.push(trial);
      if (trials.length < providers.length) continue;
      yield graphCheck(trial.modality, trials);
      trials = [];
    }
    const others = PROVIDERS.filter((provider) => !providers.includes(provider));
    const [first] = bundle.entries.keys();
    if (first === undefined || others.length === 0) return;
    progress(`trying ${others.join(', ')}`);
    for await (const trial of tryBundle(bundle, { modalities: [first], providers: others, seconds: SECONDS, binding }))
      yield otherProvider(trial);
  } catch (error) {
    yield {
      check: 'bundle',
      status: 'fail',
      found: messageOf(error),
      todo: 'name a sound bundle in "model:"; `edgebind models verify DIR` says more',
    };
  }
}
