import { once } from 'node:events';
import { Option, type Command } from 'commander';
import { openScene, sceneNames } from '../../devices/simulator/open-scene.ts';
import { startSimulator, type Simulator } from '../../devices/simulator/start-simulator.ts';
import { UsageError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { SourceConfig } from '../core/source-config.ts';
import { parseDuration } from '../runtime/duration.ts';

interface SimulateOptions {
  readonly scene: string;
  readonly seed: string;
  readonly at: string;
  readonly mqtt: string;
  readonly topic: string;
  readonly serial?: string;
  readonly port: string;
  readonly for?: string;
  readonly list?: true;
  readonly json?: true;
  readonly untilStdinCloses?: true;
}

const line = (text: string): boolean => process.stdout.write(`${text}\n`);

const toStderr = (fields: object, message: string): void => {
  process.stderr.write(`simulate: ${message}${Object.keys(fields).length > 0 ? ` ${JSON.stringify(fields)}` : ''}\n`);
};
const stderrLog: Log = { debug: () => undefined, info: toStderr, warn: toStderr, error: toStderr };

function wholeNumber(text: string, option: string, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > max)
    throw new UsageError('INVALID_NUMBER', `${option} is "${text}": give a whole number from 0 to ${max}`);
  return value;
}

function listScenes(isJson: boolean, seed: number): void {
  for (const name of sceneNames) {
    const { title, loopSeconds, events } = openScene(name, seed);
    if (isJson) {
      line(JSON.stringify({ scene: name, title, loopSeconds, events }));
      continue;
    }
    line(`${name}: ${title} (round of ${loopSeconds} s)`);
    for (const { kind, title: what, startSeconds, durationSeconds, words } of events) {
      line(`  ${String(startSeconds).padStart(5)} s +${durationSeconds} s  ${kind}: ${what}`);
      for (const [sense, prompts] of Object.entries(words))
        line(`${' '.repeat(21)}${sense}: ${(prompts ?? []).map((prompt) => `"${prompt}"`).join(', ')}`);
    }
  }
}

/** A source as a line of config.yaml. JSON strings are YAML strings. */
function configLine(source: SourceConfig): string {
  const fields = Object.entries(source).map(([key, value]) => `${key}: ${key === 'from' ? JSON.stringify(value) : String(value)}`);
  return `  - {${fields.join(', ')}}`;
}

function introduce({ scene, originUs, endpoints }: Simulator, isJson: boolean): void {
  if (isJson) line(JSON.stringify({ scene: scene.name, seed: scene.seed, originUs, loopSeconds: scene.loopSeconds, endpoints }));
  else
    line(
      `# ${scene.title} (seed ${scene.seed}). Lines for config.yaml:\nsources:\n${endpoints.map(configLine).join('\n')}\n# What happens:`,
    );
}

async function simulate(options: SimulateOptions): Promise<void> {
  const isJson = options.json === true;
  const leave = new AbortController();
  const end = (): void => leave.abort();
  // A reader of the output that goes away is the end, not a crash.
  process.stdout.on('error', end);
  const seed = wholeNumber(options.seed, '--seed', 0x7fff_ffff);
  if (options.list) {
    listScenes(isJson, seed);
    return;
  }
  const forMs = options.for === undefined ? undefined : parseDuration(options.for);
  process.once('SIGINT', end).once('SIGTERM', end);
  const simulator = await startSimulator({
    scene: options.scene,
    seed,
    atSeconds: wholeNumber(options.at, '--at', 86_400),
    mqttUrl: options.mqtt,
    topic: options.topic,
    serialDir: options.serial,
    port: wholeNumber(options.port, '--port', 65_535),
    log: stderrLog,
  });
  introduce(simulator, isJson);
  simulator.events$.subscribe((said) => {
    if (isJson) line(JSON.stringify(said));
    else
      line(`${new Date(said.timeUs / 1000).toISOString().slice(11, 19)} ${said.state === 'begins' ? said.title : `(${said.event} ends)`}`);
  });
  const timer = forMs === undefined ? undefined : setTimeout(end, forMs);
  // A parent that dies cannot say so; its end of the pipe does.
  if (options.untilStdinCloses) process.stdin.on('end', end).on('error', end).resume();
  if (!leave.signal.aborted) await once(leave.signal, 'abort');
  clearTimeout(timer);
  process.stdin.destroy();
  await simulator.stop();
}

/** `edgebind simulate`. */
export function registerSimulate(program: Command): void {
  program
    .command('simulate')
    .description('virtual devices that speak the real protocols (serial port, MQTT, HTTP) from one seeded scene')
    .addOption(new Option('--scene <name>', 'what happens; --list shows them').choices(sceneNames).default('kitchen'))
    .option('--seed <number>', 'the same seed gives the same scene', '1')
    .option('--at <seconds>', 'begin in the middle of the scene', '0')
    .addOption(
      new Option('--mqtt <url>', 'broker for the thermal and the depth camera').env('EDGEBIND_MQTT').default('mqtt://127.0.0.1:1883'),
    )
    .option('--topic <topic>', 'first part of their topics', 'edgebind/sim')
    .option('--serial <dir>', 'where the link to the serial port is put (default: a fresh folder)')
    .option('--port <number>', 'of camera and microphone on 127.0.0.1; 0: any free one', '0')
    .option('--for <duration>', 'end after so long, e.g. 30s')
    .option('--list', 'print the scenes and their events, then end')
    .option('--json', 'one JSON object with the devices, then one for each event that begins or ends')
    .addOption(new Option('--until-stdin-closes').hideHelp())
    .addHelpText('after', '\nExample:\n  edgebind simulate --scene kitchen --seed 7 --at 40\n')
    .action(simulate);
}
