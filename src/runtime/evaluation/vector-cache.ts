import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bundle } from '../../encoders/bundle.ts';
import { readNpy, writeNpy } from '../../frontends/npy.ts';
import type { ItemVector } from './embed-item.ts';
import type { Item } from './task.ts';

/**
 * Vectors of files on disk, one .npy and its labels a file. A second evaluation embeds only what changed: the file, or the graph or the
 * front end of its sense.
 */
export class VectorCache {
  readonly #dir: string;
  readonly #bundle: Bundle;

  constructor(dir: string, bundle: Bundle) {
    this.#dir = dir;
    this.#bundle = bundle;
  }

  /** The vectors of an item: those kept, where its file has the same size and time as when they were made, or else `make`'s. */
  async vectors(item: Item, make: () => Promise<ItemVector[]>): Promise<readonly ItemVector[]> {
    const { size, mtimeMs } = await stat(item.file);
    const { sha256, frontEnd, window } = this.#bundle.entries.get(item.modality) ?? {};
    const key = createHash('sha256')
      .update(JSON.stringify([item, size, mtimeMs, sha256, frontEnd, window]))
      .digest('hex');
    const path = join(this.#dir, key);
    const kept = await this.#read(path);
    if (kept) return kept;
    const made = await make();
    const { dim } = this.#bundle.space;
    const data = new Float32Array(made.length * dim);
    made.forEach(({ vector }, i) => data.set(vector, i * dim));
    await mkdir(this.#dir, { recursive: true });
    await writeFile(`${path}.json`, JSON.stringify(made.map(({ label }) => label ?? null)));
    // The array last, and whole: what is found is complete.
    await writeFile(`${path}.tmp`, writeNpy({ shape: [made.length, dim], data }));
    await rename(`${path}.tmp`, `${path}.npy`);
    return made;
  }

  async #read(path: string): Promise<ItemVector[] | undefined> {
    const { dim } = this.#bundle.space;
    try {
      const { shape, data } = readNpy(await readFile(`${path}.npy`));
      const labels = JSON.parse(await readFile(`${path}.json`, 'utf8')) as (string | null)[];
      if (shape[0] !== labels.length || shape[1] !== dim) return undefined;
      return labels.map((label, i) => {
        const vector = Float32Array.from(data.subarray(i * dim, (i + 1) * dim));
        return label === null ? { vector } : { vector, label };
      });
    } catch {
      return undefined; // not there, or broken: it is made again
    }
  }
}
