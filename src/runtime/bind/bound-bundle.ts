import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { EdgeBindError, UsageError } from '../../core/errors.ts';
import { Ledger } from '../../core/ledger.ts';
import { silentLog } from '../../core/log.ts';
import type { Modality, Space } from '../../core/types.ts';
import { openBundle, type Bundle } from '../../encoders/bundle.ts';
import { startEncoders } from '../../encoders/encoder-pool.ts';
import { goldenInput } from '../../encoders/golden.ts';
import { appendHead, type LinearHead } from '../../encoders/onnx/append-head.ts';
import type { Backbone } from './backbone.ts';

export interface BoundBundleOptions {
  /** The bundle whose space the new sensor joins. */
  readonly base: Bundle;
  readonly fresh: Modality;
  /** The encoder that the head was trained behind. */
  readonly backbone: Backbone;
  readonly head: LinearHead;
  /** Where the new sensor's encoder comes from, for the manifest. */
  readonly source: string;
  /** What else goes into the folder, by name. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  readonly out: string;
}

/**
 * Writes a bundle that is the old one with a new encoder for one sense: the backbone's graph with the head behind it, and golden
 * vectors. The space id follows from what decides the vectors, as any bundle's does. The folder appears when it is whole and its
 * encoders have started.
 *
 * @throws UsageError `OUT_EXISTS`; EdgeBindError where the new graph cannot be trusted
 */
export async function writeBoundBundle(options: BoundBundleOptions): Promise<Space> {
  const out = resolve(options.out);
  await refuseExisting(out);
  await mkdir(dirname(out), { recursive: true });
  const folder = await mkdtemp(`${out}.part-`);
  try {
    await cp(options.base.dir, folder, { recursive: true });
    await writeEntry(folder, options);
    for (const [name, content] of Object.entries(options.files)) await writeFile(join(folder, name), content);
    await writeGolden(folder, options.fresh);
    const { space } = await openBundle(folder);
    await rename(folder, out);
    return space;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @throws UsageError `OUT_EXISTS` */
export async function refuseExisting(out: string): Promise<void> {
  const there = await stat(out).catch(() => undefined);
  if (there) throw new UsageError('OUT_EXISTS', `--out ${out} is already there; name a new folder, or remove it`);
}

async function writeEntry(folder: string, { base, fresh, backbone, head, source }: BoundBundleOptions): Promise<void> {
  const to = `${backbone.output}_bound`;
  const graph = appendHead(backbone.model, backbone.output, to, head);
  const name = `${fresh}-bound.onnx`;
  await writeFile(join(folder, name), graph);
  const manifest = join(folder, 'manifest.yaml');
  const document = parseDocument(await readFile(manifest, 'utf8'));
  document.setIn(['modalities', fresh], {
    graph: name,
    sha256: createHash('sha256').update(graph).digest('hex'),
    input: backbone.input,
    output: to,
    window: backbone.window,
    frontEnd: backbone.frontEnd,
    source,
  });
  document.set('name', `${base.manifest.name}-${fresh}`);
  await writeFile(manifest, document.toString({ lineWidth: 0 }));
}

/** The golden vectors are what the new graph itself answers here: they guard it against other providers and damage, not against us. */
async function writeGolden(folder: string, fresh: Modality): Promise<void> {
  const bundle = await openBundle(folder);
  const entry = bundle.entries.get(fresh);
  if (!entry || !('shape' in entry.input)) throw new EdgeBindError('BIND_FAILED', `${folder} has lost its ${fresh} encoder`);
  const { shape } = entry.input;
  const part = { ...bundle, entries: new Map([[fresh, entry]]) };
  const encoders = await startEncoders(part, { ledger: new Ledger(), log: silentLog, workers: 1 });
  try {
    const vectors: number[][] = [];
    for (const item of [0, 1])
      vectors.push([...(await encoders.embedInput(fresh, { tensor: { shape, data: goldenInput(fresh, item, shape) } })).vector]);
    const name = `${fresh}-bound.golden.json`;
    await writeFile(join(folder, name), JSON.stringify({ seed: 1, vectors }));
    const manifest = join(folder, 'manifest.yaml');
    const document = parseDocument(await readFile(manifest, 'utf8'));
    document.setIn(['modalities', fresh, 'golden'], name);
    await writeFile(manifest, document.toString({ lineWidth: 0 }));
  } finally {
    await encoders.stop();
  }
}
