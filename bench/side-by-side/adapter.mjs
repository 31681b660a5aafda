// What the baselines' meter has to know of EdgeBind; `bench/side-by-side.ts` puts it beside the meter's own adapters.

/** When the camera's picture number 0 was sent, us: the first window tells. */
let t0 = Infinity;

/** @param {string} cli path of EdgeBind's command line */
export const edgebind = (cli) => ({
  url: (port) => `ws://127.0.0.1:${port}/v1/stream`,
  command: [new URL('product.mjs', import.meta.url).pathname],
  env: { EDGEBIND_CLI: cli },
  modalities: ['camera', 'audio', 'thermal', 'imu'],
  greet: '{"op":"subscribe","sub":"all","channel":"embeddings"}',
  parse: (data) => {
    const { op, source, samples, startUs } = JSON.parse(data);
    if (op !== 'embedding') return null;
    if (source === 'camera') t0 = Math.min(t0, startUs - (samples.last * 1e6) / 30);
    const t = source === 'audio' ? t0 + samples.last * 20_000 : source === 'imu' ? 0 : startUs;
    return { modality: source, seq: samples.last, first: samples.first, t: Number.isFinite(t) ? Math.round(t) : 1 };
  },
});
