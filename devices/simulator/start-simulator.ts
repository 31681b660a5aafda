import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Observable, Subject } from 'rxjs';
import sharp from 'sharp';
import { Ledger, type LedgerLine } from '../../src/core/ledger.ts';
import type { Log } from '../../src/core/log.ts';
import type { SourceConfig } from '../../src/core/source-config.ts';
import { hostClock, type Clock } from '../../src/core/time.ts';
import { openScene } from './open-scene.ts';
import { DEPTH_HEIGHT, DEPTH_WIDTH } from './render-depth.ts';
import { renderSound } from './render-sound.ts';
import { THERMAL_HEIGHT, THERMAL_WIDTH } from './render-thermal.ts';
import type { Scene } from './scene.ts';
import { announceEvents, type Announcement } from './transports/announce-events.ts';
import type { DeviceContext } from './transports/device-context.ts';
import { publishMqtt } from './transports/publish-mqtt.ts';
import { CAMERA_PATH, MICROPHONE_PATH, serveHttp } from './transports/serve-http.ts';
import { serveSerial } from './transports/serve-serial.ts';

export interface SimulatorOptions {
  /** Default `kitchen`. */
  readonly scene?: string | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
  /** Moment of the scene to begin at, seconds. Default 0. */
  readonly atSeconds?: number | undefined;
  /** Broker for the thermal and the depth camera. */
  readonly mqttUrl: string;
  /** First part of their topics. Default `edgebind/sim`. */
  readonly topic?: string | undefined;
  /** Where the link to the serial port is put. Default: a fresh folder, removed at the end. */
  readonly serialDir?: string | undefined;
  /** Of camera and microphone on 127.0.0.1. Default 0: any free one. */
  readonly port?: number | undefined;
  readonly clock?: Clock;
  readonly log: Log;
}

/** Virtual devices that are running. */
export interface Simulator {
  readonly scene: Scene;
  /** When the scene was at 0, microseconds since the epoch. */
  readonly originUs: number;
  /** A line of config.yaml for each device. */
  readonly endpoints: readonly SourceConfig[];
  /** Says when an event begins and when it ends. */
  readonly events$: Observable<Announcement>;
  /** What each device sent and dropped. */
  ledger(): LedgerLine[];
  /** Ends all devices. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts a camera (MJPEG over HTTP), a microphone (WAV over HTTP), a motion sensor (WitMotion on a pseudo terminal), a thermal and a
 * depth camera (MQTT) that all sense one seeded scene at the same time. Broker and clients may come and go.
 *
 * @throws UsageError for an unknown scene or a port that is taken
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { mqttUrl, topic = 'edgebind/sim', port = 0, clock = hostClock, log } = options;
  const scene = openScene(options.scene ?? 'kitchen', options.seed ?? 1);
  sharp.cache(false);
  sharp.concurrency(1);
  // The sounds are made before the clock starts: no device shall be late at the first reading.
  renderSound(scene, 0, 1);
  const serialDir = resolve(options.serialDir ?? (await mkdtemp(join(tmpdir(), 'edgebind-simulator-'))));
  await mkdir(serialDir, { recursive: true });
  const serialPath = join(serialDir, 'wrist');

  const ledger = new Ledger();
  const context: DeviceContext = { scene, clock, originUs: Math.round(clock.nowUs() - (options.atSeconds ?? 0) * 1e6), ledger, log };
  const http = await serveHttp(context, port);
  const serial = serveSerial(context, serialPath);
  const mqtt = publishMqtt(context, mqttUrl, topic);
  const events$ = new Subject<Announcement>();
  const silence = announceEvents(context, (announcement) => events$.next(announcement));

  let stopping: Promise<void> | undefined;
  const stopAll = async (): Promise<void> => {
    silence();
    events$.complete();
    await Promise.all([http.stop(), serial.stop(), mqtt.stop()]);
    if (options.serialDir === undefined) await rm(serialDir, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${http.port}`;
  return {
    scene,
    originUs: context.originUs,
    endpoints: [
      { id: 'camera', modality: 'image', from: url + CAMERA_PATH, fps: scene.rates.camera },
      { id: 'microphone', modality: 'audio', from: url + MICROPHONE_PATH },
      { id: 'wrist', modality: 'imu', from: `serial:${serialPath}?baud=115200`, protocol: 'witmotion' },
      {
        id: 'thermal',
        modality: 'thermal',
        from: `mqtt:${topic}/thermal`,
        format: 'thermal-i16',
        envelope: 'stamp16',
        width: THERMAL_WIDTH,
        height: THERMAL_HEIGHT,
      },
      {
        id: 'depth',
        modality: 'depth',
        from: `mqtt:${topic}/depth`,
        format: 'depth-u16',
        envelope: 'stamp16',
        width: DEPTH_WIDTH,
        height: DEPTH_HEIGHT,
      },
    ],
    events$: events$.asObservable(),
    ledger: () => ledger.lines(),
    stop: () => (stopping ??= stopAll()),
  };
}
