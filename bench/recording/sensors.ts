import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { lastValueFrom, toArray } from 'rxjs';
import { Ledger } from '../../src/core/ledger.ts';
import { silentLog } from '../../src/core/log.ts';
import type { SourceConfig } from '../../src/core/source-config.ts';
import { hostClock } from '../../src/core/time.ts';
import type { Modality, Reading } from '../../src/core/types.ts';
import { openSource } from '../../src/inputs/open-source.ts';
import { seeded } from '../../src/space/bind/seeded.ts';

/** What a sensor said, and how many bytes it took on the sensor's own transport. */
export interface Said {
  readonly modality: Modality;
  readonly readings: readonly Reading[];
  readonly rawBytes: number;
}

const EPOCH_US = 1.75e15;
const CAMERA_FPS = 5;
const RATE_HZ = 16_000;

/** A film with detail everywhere, H.264 at 30 pictures a second, and the same as a camera of Motion JPEG gives it; sound of 16 kHz. */
export function makeClips(folder: string, seconds: number): { film: string; mjpeg: string; sound: string } {
  const [film, mjpeg, sound] = ['film.mp4', 'film.mkv', 'sound.wav'].map((name) => join(folder, name)) as [string, string, string];
  const length = ['-t', `${seconds}`];
  const ffmpeg = (...args: string[]): unknown => execFileSync('ffmpeg', ['-v', 'error', '-nostdin', ...args]);
  ffmpeg('-f', 'lavfi', '-i', 'mandelbrot=size=854x480:rate=30', ...length, '-c:v', 'libx264', '-pix_fmt', 'yuv420p', film);
  const small = ['-vf', `fps=${CAMERA_FPS},scale=640:-2`];
  ffmpeg('-i', process.env['EDGEBIND_BENCH_FILM'] ?? film, ...length, ...small, '-an', '-c:v', 'mjpeg', '-q:v', '5', mjpeg);
  ffmpeg('-f', 'lavfi', '-i', `anoisesrc=color=pink:r=${RATE_HZ}:seed=1`, ...length, '-c:a', 'pcm_s16le', sound);
  return { film: process.env['EDGEBIND_BENCH_FILM'] ?? film, mjpeg, sound };
}

/** A film, or the pictures of a camera, as a source gives them. */
export async function camera(file: string): Promise<Said> {
  const readings = await readAll({ id: 'image', modality: 'image', from: `file:${file}`, fps: CAMERA_FPS, realtime: false });
  return { modality: 'image', readings: spaced(readings, 1e6 / CAMERA_FPS), rawBytes: packetBytes(file, 'v:0') };
}

export async function microphone(file: string): Promise<Said> {
  const readings = await readAll({ id: 'audio', modality: 'audio', from: `file:${file}`, realtime: false });
  return { modality: 'audio', readings: spaced(readings, 20_000), rawBytes: statSync(file).size };
}

/** A thermal camera of 160 x 120 as it comes by MQTT: hundredths of a degree in 16 bits, noise of 0.05 degrees over a warm body. */
export function thermal(seconds: number): Said {
  const [hz, width, height] = [9, 160, 120];
  const random = seeded(1);
  const readings = Array.from({ length: hz * seconds }, (_, i): Reading => {
    const celsius = Float32Array.from({ length: width * height }, (_one, at) => {
      const warm = 12 * Math.exp(-(((at % width) - 60 - i / 3) ** 2 + (Math.floor(at / width) - 60) ** 2) / 900);
      return Math.round((22 + warm + 0.1 * (random() + random() - 1)) * 100) / 100;
    });
    return reading(i, 1e6 / hz, { kind: 'thermal', width, height, celsius });
  });
  return { modality: 'thermal', readings, rawBytes: readings.length * width * height * 2 };
}

/** An inertial sensor of 200 Hz: two WitMotion packets of 11 bytes a reading, 16-bit numbers with the noise of a part at rest. */
export function motion(seconds: number): Said {
  const hz = 200;
  const random = seeded(2);
  const counts = (usual: number, spread: number, scale: number): number => Math.round(usual + spread * (random() + random() - 1)) * scale;
  const readings = Array.from({ length: hz * seconds }, (_, i): Reading => {
    const acc = [0, 0, 2048].map((usual) => counts(usual, 8, (16 * 9.80665) / 32768));
    const gyro = [0, 0, 0].map((usual) => counts(usual, 6, (2000 * Math.PI) / 180 / 32768));
    return reading(i, 1e6 / hz, { kind: 'imu', values: Float32Array.from([...acc, ...gyro]) });
  });
  return { modality: 'imu', readings, rawBytes: readings.length * 22 };
}

async function readAll(config: SourceConfig): Promise<Reading[]> {
  const source = openSource(config, { clock: hostClock, ledger: new Ledger(), log: silentLog, audioRateHz: RATE_HZ });
  const all = lastValueFrom(source.readings$.pipe(toArray()));
  source.start();
  return all;
}

const reading = (i: number, stepUs: number, payload: Reading['payload']): Reading => ({
  arrivalUs: Math.round(EPOCH_US + i * stepUs),
  seq: i,
  payload,
});

/** The readings at their own pace: they were read as fast as it goes. */
const spaced = (readings: readonly Reading[], stepUs: number): Reading[] =>
  readings.map(({ payload }, i) => ({ ...reading(i, stepUs, payload), ...(payload.kind === 'pcm' && { deviceUs: i * stepUs }) }));

/** Bytes of a stream as it lies in its file, without the file's own. */
function packetBytes(file: string, stream: string): number {
  const args = ['-v', 'error', '-select_streams', stream, '-show_entries', 'packet=size', '-of', 'csv=p=0', file];
  const sizes = execFileSync('ffprobe', args, { encoding: 'utf8' }).split('\n').map(Number);
  return sizes.reduce((sum, size) => sum + (Number.isFinite(size) ? size : 0), 0);
}
