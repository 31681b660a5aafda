import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { protocols } from '../devices/protocols.ts';
import { startSimulator, type Simulator } from '../devices/simulator/start-simulator.ts';
import { silentLog } from '../src/core/log.ts';
import type { SourceConfig } from '../src/core/source-config.ts';
import { hostClock } from '../src/core/time.ts';
import type { Modality } from '../src/core/types.ts';
import { Simulators } from '../src/runtime/simulated-sources.ts';
import { startMosquitto, type Mosquitto } from './helpers/mosquitto.ts';
import { until } from './helpers/until.ts';

const cli = fileURLToPath(new URL('../bin/edgebind.js', import.meta.url));
const run = promisify(execFile);

const endpoint = (endpoints: readonly SourceConfig[], modality: Modality): SourceConfig => {
  const found = endpoints.find((source) => source.modality === modality);
  if (!found) throw new Error(`no ${modality}`);
  return found;
};
const serialPath = ({ from }: SourceConfig): string => from.slice('serial:'.length).split('?')[0] ?? '';

/** Bytes of the raw video or sound that ffmpeg makes of a URL in that time. */
async function ffmpeg(args: readonly string[]): Promise<Buffer> {
  const { stdout } = await run('ffmpeg', ['-v', 'error', ...args], { encoding: 'buffer', maxBuffer: 1 << 28 });
  return stdout;
}

interface Heard {
  readonly timeUs: number;
  readonly values: readonly number[];
}

/** Readings of the motion sensor as the product's own decoder understands them, with their arrival. */
function readWrist(path: string): { readings: Heard[]; bad: () => number; stop: () => void } {
  const stream = createReadStream(path);
  const decoder = protocols.get('witmotion')?.createDecoder();
  if (!decoder) throw new Error('no witmotion');
  const readings: Heard[] = [];
  stream.on('error', () => undefined);
  stream.on('data', (chunk) => {
    decoder.push(chunk as Buffer);
    for (let frame = decoder.next(); frame; frame = decoder.next()) {
      if (frame.frame === 'acc') readings.push({ timeUs: hostClock.nowUs(), values: frame['acc'] as number[] });
    }
  });
  return { readings, bad: () => decoder.stats.badFrames + decoder.stats.skippedBytes, stop: () => stream.destroy() };
}

describe('the simulator on its real transports', () => {
  let broker: Mosquitto;
  let client: MqttClient;
  let simulator: Simulator;

  beforeAll(async () => {
    broker = await startMosquitto();
    client = await connectAsync(broker.url, { reconnectPeriod: 100 });
    // Three seconds before the glass breaks.
    simulator = await startSimulator({ scene: 'kitchen', seed: 1, atSeconds: 17, mqttUrl: broker.url, log: silentLog });
  });
  afterAll(async () => {
    await simulator.stop();
    await client.endAsync(true);
    await broker.stop();
  });

  it('lets the ear hear the glass break when the wrist feels it and not before', async () => {
    const wrist = serialPath(endpoint(simulator.endpoints, 'imu'));
    await until('the serial port', () => existsSync(wrist));
    const { readings, bad, stop } = readWrist(wrist);
    const sound = await fetch(endpoint(simulator.endpoints, 'audio').from);
    let heardUs: number | undefined;
    let heardBytes = 0;
    for await (const chunk of sound.body as unknown as AsyncIterable<Uint8Array>) {
      const bytes = Buffer.from(chunk);
      // The header is no sound.
      for (let at = heardBytes === 0 ? 44 : 0; at + 1 < bytes.length; at += 2)
        if (Math.abs(bytes.readInt16LE(at)) > 1500) heardUs ??= hostClock.nowUs();
      heardBytes += bytes.length;
      if (heardUs !== undefined) break;
    }
    const jolt = await until('the jolt', () => readings.find(({ values }) => Math.hypot(...values) > 30));
    stop();
    expect(bad()).toBe(0);
    // The hand reaches the edge of the worktop a tenth of a second after the crash; a chunk of sound is 40 ms.
    const laterUs = jolt.timeUs - (heardUs ?? 0);
    expect(laterUs).toBeGreaterThan(0);
    expect(laterUs).toBeLessThan(300_000);
    const seconds = (jolt.timeUs - simulator.originUs) / 1e6;
    expect(seconds).toBeGreaterThan(20.4);
    expect(seconds).toBeLessThan(21);
    const rate = (readings.length - 1) / (((readings.at(-1)?.timeUs ?? 0) - (readings[0]?.timeUs ?? 0)) / 1e6);
    expect(rate).toBeGreaterThan(90);
    expect(rate).toBeLessThan(110);
  });

  it('starts anew for the next reader of the serial port, without readings of the past', async () => {
    const wrist = serialPath(endpoint(simulator.endpoints, 'imu'));
    for (let round = 0; round < 2; round++) {
      await until('the serial port', () => existsSync(wrist));
      const openedUs = hostClock.nowUs();
      const { readings, stop } = readWrist(wrist);
      await until('thirty readings', () => readings.length >= 30);
      stop();
      // Thirty readings take 0.3 s. Stored ones would all come at once.
      expect(readings[29]!.timeUs - openedUs).toBeGreaterThan(250_000);
      await until('the port to be given up', () => simulator.ledger().find(({ source }) => source === 'wrist')?.sums);
    }
  });

  it('shows ffmpeg ten pictures of 640 x 480', async () => {
    const video = await ffmpeg([
      '-f',
      'mpjpeg',
      '-i',
      endpoint(simulator.endpoints, 'image').from,
      '-frames:v',
      '10',
      '-f',
      'rawvideo',
      '-pix_fmt',
      'rgb24',
      '-',
    ]);
    expect(video).toHaveLength(10 * 640 * 480 * 3);
    expect(video.subarray(0, 640 * 480 * 3).equals(video.subarray(9 * 640 * 480 * 3))).toBe(false);
  });

  it('lets ffmpeg hear the room in real time', async () => {
    const begunUs = hostClock.nowUs();
    const sound = await ffmpeg(['-i', endpoint(simulator.endpoints, 'audio').from, '-t', '2', '-ar', '16000', '-f', 's16le', '-']);
    expect(sound).toHaveLength(2 * 16_000 * 2);
    expect(hostClock.nowUs() - begunUs).toBeGreaterThan(1_800_000);
  });

  it('publishes warmth and distance with the time of the reading, and comes back with the broker', async () => {
    const messages: { topic: string; payload: Buffer; arrivalUs: number }[] = [];
    client.on('message', (topic, payload) => messages.push({ topic, payload, arrivalUs: hostClock.nowUs() }));
    await client.subscribeAsync('edgebind/sim/#');
    const of = (name: string): typeof messages => messages.filter(({ topic }) => topic === `edgebind/sim/${name}`);
    await until('four thermal and two depth pictures', () => of('thermal').length >= 4 && of('depth').length >= 2);
    expect(new Set(of('depth').map(({ payload }) => payload.length))).toEqual(new Set([16 + 160 * 120 * 2]));
    let last: { timeUs: number; seq: number } | undefined;
    for (const { payload, arrivalUs } of of('thermal')) {
      expect(payload).toHaveLength(16 + 32 * 24 * 2);
      const [timeUs, seq] = [Number(payload.readBigUInt64LE(0)), payload.readUInt32LE(8)];
      expect(Math.abs(arrivalUs - timeUs)).toBeLessThan(500_000);
      if (last) expect([seq - last.seq, timeUs - last.timeUs]).toEqual([1, 250_000]);
      last = { timeUs, seq };
      const celsius = Array.from({ length: 768 }, (_, i) => payload.readInt16LE(16 + 2 * i) / 100);
      expect(Math.min(...celsius)).toBeGreaterThan(15);
    }
    await broker.stop();
    await until('pictures without a broker', () =>
      simulator.ledger().some(({ source, dropped }) => source === 'thermal' && (dropped['brokerAway'] ?? 0) > 0),
    );
    await broker.start();
    const before = messages.length;
    await until('pictures after the restart', () => of('thermal').length > 4 && messages.length > before + 3);
    expect(simulator.ledger().every(({ sums }) => sums)).toBe(true);
  });

  it('drops pictures for a client that does not read, closes it on the ear, and nobody else notices', async () => {
    // Twenty times as fast: the kernel alone holds half a minute of sound for a reader that sleeps.
    const startUs = hostClock.nowUs();
    const clock = {
      nowUs: () => startUs + 20 * (hostClock.nowUs() - startUs),
      after: (ms: number, run: () => void) => hostClock.after(ms / 20, run),
    };
    const fast = await startSimulator({ scene: 'calm', mqttUrl: broker.url, topic: 'edgebind/fast', clock, log: silentLog });
    const { from } = endpoint(fast.endpoints, 'image');
    // A receive buffer of a fixed size: the kernel would let it grow to tens of megabytes for a reader that sleeps.
    const slow = ['/camera.mjpeg', '/microphone.wav'].map((path) =>
      spawn(
        'socat',
        [
          `TCP:127.0.0.1:${new URL(from).port},rcvbuf=4096`,
          `SYSTEM:"printf 'GET ${path} HTTP/1.1\\r\\nHost\\: 127.0.0.1\\r\\n\\r\\n'; sleep 600"`,
        ],
        { detached: true },
      ),
    );
    const dropped = (source: string): number => fast.ledger().find((line) => line.source === source)?.dropped['slowClient'] ?? 0;
    await until('both to be dropped', () => dropped('camera') > 0 && dropped('microphone') === 1, 60_000);
    const video = await ffmpeg(['-f', 'mpjpeg', '-i', from, '-frames:v', '3', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-']);
    expect(video).toHaveLength(3 * 640 * 480 * 3);
    expect(fast.ledger().every(({ sums }) => sums)).toBe(true);
    for (const { pid } of slow) process.kill(-pid!);
    await fast.stop();
  });

  it('ends twice without complaint and leaves no port behind', async () => {
    await Promise.all([simulator.stop(), simulator.stop()]);
    expect(existsSync(serialPath(endpoint(simulator.endpoints, 'imu')))).toBe(false);
    await expect(fetch(endpoint(simulator.endpoints, 'audio').from)).rejects.toThrow();
  });
});

describe('edgebind simulate', () => {
  it('says where its devices are, what happens, and ends with 0 on SIGTERM', async () => {
    const child = spawn(process.execPath, [cli, 'simulate', '--json', '--at', '41', '--mqtt', 'mqtt://127.0.0.1:9'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const lines: Record<string, unknown>[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as Record<string, unknown>));
    await until('the fire', () => lines.length >= 2);
    expect((lines[0]?.['endpoints'] as SourceConfig[]).map(({ modality }) => modality)).toEqual([
      'image',
      'audio',
      'imu',
      'thermal',
      'depth',
    ]);
    expect(lines[1]).toMatchObject({ event: 'fire', state: 'begins' });
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number | null];
    expect(code).toBe(0);
  });

  it('refuses a scene that is not there with 2', async () => {
    await expect(run(process.execPath, [cli, 'simulate', '--scene', 'attic'])).rejects.toMatchObject({ code: 2 });
    await expect(run(process.execPath, [cli, 'simulate', '--seed', 'x'])).rejects.toMatchObject({ code: 2 });
  });

  it('goes on without socat and says what to install', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'edgebind-nosocat-'));
    const { stderr, stdout } = await run(process.execPath, [cli, 'simulate', '--for', '1s', '--mqtt', 'mqtt://127.0.0.1:9'], {
      env: { ...process.env, PATH: folder },
    });
    expect(stderr).toContain('apt-get install -y socat');
    expect(stdout).toContain('camera.mjpeg');
  });

  it('lists scenes with the words that a user could type', async () => {
    const { stdout } = await run(process.execPath, [cli, 'simulate', '--list', '--json']);
    const [kitchen] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { scene: string; events: { kind: string; words: object }[] });
    expect(kitchen?.events.map(({ kind }) => kind)).toEqual(['walking', 'glass', 'telephone', 'fire', 'cat']);
  });
});

describe('Simulators', () => {
  const log = silentLog;

  it('gives all sources of one scene one simulator, leaves the others, and brings a dead one back to the same place', async () => {
    const mine: SourceConfig = { id: 'mine', modality: 'imu', from: 'serial:/dev/ttyUSB0', protocol: 'witmotion' };
    const sources: SourceConfig[] = [
      { id: 'eye', modality: 'image', from: 'simulate:', fps: 5 },
      { id: 'ear', modality: 'audio', from: 'simulate:kitchen' },
      { id: 'hand', modality: 'imu', from: 'simulate:kitchen?seed=1' },
      { id: 'other', modality: 'thermal', from: 'simulate:calm?seed=4&at=10' },
      mine,
    ];
    let folder: string;
    const simulators = new Simulators(log);
    const resolved = await simulators.resolve(sources, 'mqtt://127.0.0.1:9');
    try {
      const [eye, ear, hand, other, last] = resolved;
      expect(eye).toMatchObject({ id: 'eye', fps: 5, from: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/camera\.mjpeg$/) as string });
      expect(new URL(ear!.from).port).toBe(new URL(eye!.from).port);
      expect(hand).toMatchObject({ id: 'hand', protocol: 'witmotion' });
      expect(other).toMatchObject({
        format: 'thermal-i16',
        envelope: 'stamp16',
        width: 32,
        height: 24,
        from: 'mqtt:edgebind/sim/calm-4-10/thermal',
      });
      expect(last).toBe(mine);
      folder = dirname(serialPath(hand!));
      const { stdout } = await run('pgrep', ['-f', `simulate --scene kitchen .*--serial ${folder}`]);
      process.kill(Number(stdout.trim()), 'SIGKILL');
      await until('the ear to be deaf', () =>
        fetch(ear!.from).then(
          ({ body }) => void body?.cancel(),
          () => true,
        ),
      );
      await until('the ear to hear again', () =>
        fetch(ear!.from).then(
          ({ body }) => (void body?.cancel(), true),
          () => false,
        ),
      );
      // What is added later shares what runs; what nobody reads any more ends.
      const [later] = await simulators.resolve([{ id: 'later', modality: 'depth', from: 'simulate:' }], 'mqtt://127.0.0.1:9');
      expect(later?.from).toBe('mqtt:edgebind/sim/depth');
      await simulators.release(sources.slice(0, 1));
      await expect(run('pgrep', ['-f', `simulate --scene calm .*${dirname(folder)}`])).rejects.toMatchObject({ code: 1 });
    } finally {
      await simulators.stop();
    }
    await expect(fetch(resolved[0]!.from)).rejects.toThrow();
    // Nor does the one that was killed leave anything behind.
    await expect(run('pgrep', ['-f', folder])).rejects.toMatchObject({ code: 1 });
  });

  it('refuses what it does not know', async () => {
    const of = (from: string): Promise<unknown> => new Simulators(log).resolve([{ id: 'x', modality: 'image', from }], '');
    await expect(of('simulate:attic')).rejects.toThrow(/attic/);
    await expect(of('simulate:kitchen?sed=7')).rejects.toThrow(/sed/);
    await expect(of('simulate:kitchen?seed=red')).rejects.toThrow(/whole number/);
  });
});
