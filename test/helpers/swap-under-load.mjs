// usage: node --expose-gc swap-under-load.mjs BUNDLE BUNDLE SWAPS: feeds EdgeBind with a camera, a microphone and a motion sensor on
// virtual time, as fast as the encoders take it, exchanges the model again and again, and prints as JSON what came out of it.
import { Buffer } from 'node:buffer';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NEVER, Subject } from 'rxjs';
import WebSocket from 'ws';
import { connect } from '../../dist/src/client/index.js';
import { VirtualClock } from '../../dist/src/core/time.js';
import { loadConfig } from '../../dist/src/runtime/config.js';
import { EdgeBind } from '../../dist/src/runtime/edgebind.js';

const [first, second, swaps] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'edgebind-swap-'));
const file = join(folder, 'config.yaml');
const config = (model) => {
  writeFileSync(
    file,
    `
model: ${model}
encoders: {workers: 1}
sources:
  - {id: front, modality: image, from: "file:none.mp4"}
  - {id: mic, modality: audio, from: "file:none.wav"}
  - {id: wrist, modality: imu, from: "mqtt:wrist", format: imu-f32}
fusion: {everyMs: 250}
alerts:
  - {id: any, query: {image: grey.png}, on: [image, audio, imu, fused], threshold: 0.9}
  - {id: news, query: {novelty: true}, on: [imu], threshold: 0.9}
`,
  );
  return loadConfig(file);
};
// A grey picture of 1 x 1.
const GREY = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGOoBwAAgQCAfPdzEwAAAABJRU5ErkJggg==';
writeFileSync(join(folder, 'grey.png'), Buffer.from(GREY, 'base64'));

const START_US = 1_780_000_000_000_000;
const payloads = {
  front: {
    hz: 10,
    make: (i) => ({ kind: 'rgb24', width: 16, height: 16, data: new Uint8Array(768).map((_, k) => (i * 37 + k) % 251) }),
  },
  mic: {
    hz: 50,
    make: (i) => ({ kind: 'pcm', rateHz: 16_000, data: Float32Array.from({ length: 320 }, (_, k) => Math.sin((i * 320 + k) * 0.05)) }),
  },
  wrist: { hz: 100, make: (i) => ({ kind: 'imu', values: Float32Array.from({ length: 6 }, (_, k) => Math.sin(i * 0.1 + k)) }) },
};
const inputs = Object.fromEntries(Object.keys(payloads).map((id) => [id, new Subject()]));
const embeddings = { front: [], mic: [], wrist: [], fused: [] };
const note = ({ source, space, startUs, endUs, seq }) => embeddings[source].push([space, startUs - START_US, endUs - START_US, seq]);
const clock = new VirtualClock(START_US);
const world = {
  clock,
  decisionClock: clock,
  hostSteps$: NEVER,
  open: ({ id, modality }) => ({
    id,
    modality,
    readings$: inputs[id],
    status$: NEVER,
    start: () => undefined,
    stop: () => Promise.resolve(),
  }),
  encode: { keep: 'every', queue: 65_536 },
  embedding: (embedding, pass) => {
    note(embedding);
    pass(embedding);
  },
  query: () => undefined,
  onAlert: () => undefined,
  stateDir: join(folder, 'state'),
  listens: true,
};
const complaints = [];
const log = {
  debug: () => undefined,
  info: () => undefined,
  warn: (data, message) => complaints.push({ ...data, message }),
  error: (data, message) => complaints.push({ ...data, message }),
};
const edgebind = await EdgeBind.start(config(first), { log, server: 'test', port: 0, world });
const spaces = [];
const client = connect(edgebind.url, { WebSocket });
client.onSpaces((known) => spaces.push(known.map(({ id }) => id)));
client.subscribe({ channel: 'fused' }, note);
const scored = new Set();
client.subscribe({ channel: 'scores' }, ({ rule, source }) => scored.add(`${rule} ${source}`));

const sent = { front: 0, mic: 0, wrist: 0 };
let nowUs = START_US;
/** All that the sensors give in the next `ms`. */
const feed = (ms) => {
  for (const endUs = nowUs + ms * 1000; nowUs < endUs; nowUs += 10_000) {
    clock.advanceTo(nowUs);
    for (const [id, { hz, make }] of Object.entries(payloads)) {
      for (; START_US + (sent[id] * 1e6) / hz <= nowUs; sent[id]++)
        inputs[id].next({ arrivalUs: nowUs + 1000, deviceUs: START_US + (sent[id] * 1e6) / hz, seq: sent[id], payload: make(sent[id]) });
    }
  }
};
const waiting = () => edgebind.ledger.lines().reduce((sum, { stage, inFlight }) => sum + (stage === 'encode' ? inFlight : 0), 0);
/** Feeds until it is over, always ahead of the encoders. */
const feedUntil = async (isOver) => {
  while (!isOver()) {
    if (waiting() < 12) feed(100);
    await sleep(10);
  }
};
const memory = [];
const rss = async () => {
  globalThis.gc();
  await sleep(50);
  memory.push(Math.round(process.memoryUsage.rss() / 2 ** 20));
};
feed(4000);
await rss();
for (let i = 0; i < Number(swaps); i++) {
  let isInForce = false;
  const swap = edgebind.reconfigure(config(i % 2 === 0 ? second : first)).then(() => (isInForce = true));
  await Promise.race([swap, feedUntil(() => isInForce)]);
  await swap;
  await feedUntil(() => spaces.at(-1)?.length === 1 && spaces.length >= 2 * (i + 1));
  await rss();
}
feed(2000);
for (const input of Object.values(inputs)) input.complete();
while (waiting() > 0) await sleep(10);
await sleep(100);
const status = await (await fetch(new URL('/api/v1/status', edgebind.url))).json();
client.close();
await edgebind.stop();
const ledger = edgebind.ledger.lines();
process.stdout.write(
  `${JSON.stringify({ sent, spaces, embeddings, scored: [...scored].sort(), memory, complaints, model: status.model, ledger })}\n`,
);
