// EdgeBind as one more product of the baselines' meter: the same load, the same ONNX files (wrapped in a bundle), the same client.
// env: MQTT_PORT WS_PORT SERIAL IMAGE_MODEL STATS, as the meter sets them.  MODELS: folder of the baselines' ONNX files.
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const { MQTT_PORT = '1883', WS_PORT = '8080', SERIAL, IMAGE_MODEL = 'image', STATS } = process.env;
const folder = resolve('.tmp', 'edgebind');
const bundle = join(folder, 'bundle');
rmSync(folder, { recursive: true, force: true });
mkdirSync(bundle, { recursive: true });

const sense = (name, shape, rest) => {
  copyFileSync(join('models', `${name}.onnx`), join(bundle, `${name}.onnx`));
  const sha256 = createHash('sha256')
    .update(readFileSync(join(bundle, `${name}.onnx`)))
    .digest('hex');
  return { graph: `${name}.onnx`, sha256, input: { name: 'input', shape, dtype: 'float32' }, output: 'embedding', ...rest };
};
const imagenet = { mean: [0.481, 0.458, 0.408], std: [0.269, 0.261, 0.276] };
const frame = { kind: 'frame' };
const heat = { kind: 'thermal', size: 32, width: 24, channels: 1, lowC: 0, highC: 60 };
// JSON is YAML.
writeFileSync(
  join(bundle, 'manifest.yaml'),
  JSON.stringify({
    edgebind: 1,
    name: 'baselines',
    version: '1',
    licence: 'none',
    space: { name: 'baselines', dim: 512 },
    modalities: {
      image: sense(IMAGE_MODEL, [3, 224, 224], {
        window: frame,
        frontEnd: { kind: 'image', preset: 'clip', resize: 'squash', ...imagenet },
      }),
      audio: sense('audio', [1, 128, 204], {
        window: { kind: 'sliding', sizeMs: 2000, hopMs: 500, minCoverage: 0.5 },
        frontEnd: { kind: 'log-mel', preset: 'imagebind' },
      }),
      thermal: sense('thermal', [1, 32, 24], { window: frame, frontEnd: heat }),
      imu: sense('imu', [6, 1000], {
        window: { kind: 'sliding', sizeMs: 5000, hopMs: 500, minCoverage: 0.5 },
        frontEnd: { kind: 'imu', rateHz: 200, seconds: 5 },
      }),
    },
  }),
);
writeFileSync(
  join(folder, 'config.yaml'),
  JSON.stringify({
    model: bundle,
    listen: { port: Number(WS_PORT) },
    broker: { url: `mqtt://127.0.0.1:${MQTT_PORT}` },
    encoders: { workers: 1, threads: 1 },
    sources: [
      { id: 'camera', modality: 'image', from: 'mqtt:cam/0', format: 'jpeg', envelope: 'stamp16' },
      { id: 'audio', modality: 'audio', from: 'mqtt:mic/0', format: 'pcm_s16le', rateHz: 16000, channels: 1, envelope: 'stamp16' },
      { id: 'thermal', modality: 'thermal', from: 'mqtt:thermal/0', format: 'thermal-i16', width: 24, height: 32, envelope: 'stamp16' },
      ...(SERIAL ? [{ id: 'imu', modality: 'imu', from: `serial:${resolve(SERIAL)}?baud=921600`, protocol: 'witmotion' }] : []),
    ],
  }),
);

if (STATS) {
  // The meter reads this after the end: keep the newest figures in it.
  setInterval(async () => {
    try {
      const { eventLoopDelayMs } = await (await fetch(`http://127.0.0.1:${WS_PORT}/api/v1/status`)).json();
      const ledger = await (await fetch(`http://127.0.0.1:${WS_PORT}/api/v1/ledger`)).json();
      const metrics = await (await fetch(`http://127.0.0.1:${WS_PORT}/metrics`)).text();
      const buffered = /^edgebind_\w*buffered\w* (\d+)/m.exec(metrics)?.[1];
      writeFileSync(STATS, JSON.stringify({ loopDelayMs: eventLoopDelayMs, maxBuffered: Number(buffered ?? 0), ledger }));
    } catch {
      /* not up yet, or going down */
    }
  }, 1000).unref();
}

process.argv = [process.argv[0], 'edgebind', 'run', join(folder, 'config.yaml')];
await import(process.env.EDGEBIND_CLI);
