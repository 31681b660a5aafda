import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Alerts whose evidence is kept; each has at most about 100 kB. */
const KEPT = 500;
const SUFFIXES = ['.json', '.jpg', '.wav'] as const;
type Suffix = (typeof SUFFIXES)[number];

/** Files that show what an alert was about, by its id: facts, a thumbnail, a second of sound. The oldest go first. */
export class EvidenceStore {
  readonly #dir: string;
  /** Ids, oldest first. */
  readonly #ids = new Set<string>();

  constructor(dir: string) {
    this.#dir = dir;
    for (const id of idsIn(dir)) this.#ids.add(id);
  }

  /** Writes one file of an alert in one step. Rejects with what the file system says. */
  async put(id: string, suffix: Suffix, bytes: Uint8Array | string): Promise<void> {
    mkdirSync(this.#dir, { recursive: true });
    const path = join(this.#dir, `${id}${suffix}`);
    await writeFile(`${path}.next`, bytes);
    await rename(`${path}.next`, path);
    this.#ids.add(id);
    for (const oldest of this.#ids) {
      if (this.#ids.size <= KEPT) break;
      this.#ids.delete(oldest);
      for (const each of SUFFIXES) rmSync(join(this.#dir, `${oldest}${each}`), { force: true });
    }
  }

  /** Undefined where it is not kept. An id that never was in the store is not looked for: it may be a path. */
  async get(id: string, suffix: Suffix): Promise<Buffer | undefined> {
    if (!this.#ids.has(id)) return undefined;
    return readFile(join(this.#dir, `${id}${suffix}`)).catch(() => undefined);
  }
}

function idsIn(dir: string): string[] {
  try {
    return readdirSync(dir)
      .filter((name) => name.endsWith('.json'))
      .map((name) => ({ id: name.slice(0, -'.json'.length), ms: statSync(join(dir, name)).mtimeMs }))
      .sort((a, b) => a.ms - b.ms)
      .map(({ id }) => id);
  } catch {
    return [];
  }
}
