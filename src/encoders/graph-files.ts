import { realpath } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { messageOf, UsageError } from '../core/errors.ts';
import { externalData } from './external-data.ts';
import { fileSha256 } from './file-sha256.ts';
import { insideFolder } from './inside-folder.ts';
import type { GraphFile } from './manifest-stages.ts';

/** A graph's files, checked. */
export interface OpenedFiles {
  /** Real path of the ONNX file. */
  readonly graph: string;
  /** Real paths of its external data files. */
  readonly data: readonly string[];
  /** What of them decides a vector: their content. */
  readonly decides: { readonly graph: string; readonly data: readonly string[] };
}

/** The files of one bundle folder. Each is read for its hash once, however many graphs name it. */
export class GraphFiles {
  readonly #dir: string;
  /** By real path. */
  readonly #hashes = new Map<string, string>();

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** @throws UsageError `BUNDLE_PATH`, `BUNDLE_FILE_MISSING` */
  inside(named: string, where: string): Promise<string> {
    return insideFolder(this.#dir, named, where);
  }

  /**
   * Finds a graph and its external data inside the folder and checks their hashes.
   *
   * @param at the place in the manifest of one of the graph's keys, for errors
   * @throws UsageError `BUNDLE_PATH`, `BUNDLE_FILE_MISSING`, `BUNDLE_HASH`, `BROKEN_GRAPH`
   */
  async open({ graph, sha256, data = [] }: GraphFile, at: (key: string) => string): Promise<OpenedFiles> {
    const path = await this.verified(graph, sha256, at('graph'));
    const dataFiles: string[] = [];
    for (const [i, part] of data.entries()) dataFiles.push(await this.verified(part.file, part.sha256, at(`data[${i}]`)));
    for (const named of await externalData(path)) {
      // onnxruntime starts at the graph's own folder, wherever a link has led.
      const part = await insideFolder(this.#dir, named, `${path} (external data)`, dirname(path));
      if (!dataFiles.includes(part)) {
        throw new UsageError(
          'BUNDLE_HASH',
          `${at('data')}: ${path} reads its weights from "${named}", which is not listed; add {file: ${relative(await realpath(this.#dir), part)}, sha256: ...}`,
        );
      }
    }
    return { graph: path, data: dataFiles, decides: { graph: sha256, data: data.map((part) => part.sha256) } };
  }

  /** @throws UsageError `BUNDLE_HASH`, `BUNDLE_FILE_MISSING`, with the file that is not what it was when it was verified */
  async verifyAgain(): Promise<void> {
    for (const [path, before] of this.#hashes) {
      const now = await fileSha256(path).catch((cause: unknown) => {
        throw new UsageError('BUNDLE_FILE_MISSING', `${path} is gone while it is in use (${messageOf(cause)}); put it back`, { cause });
      });
      if (now !== before)
        throw new UsageError(
          'BUNDLE_HASH',
          `${path} has sha256 ${now} now, ${before} when it was verified: it was changed while it is in use; put it back, or change manifest.yaml as well, so that the new bundle takes over`,
        );
    }
  }

  /** @throws UsageError `BUNDLE_PATH`, `BUNDLE_FILE_MISSING`, `BUNDLE_HASH` */
  async verified(named: string, wanted: string, where: string): Promise<string> {
    const path = await this.inside(named, where);
    const got = this.#hashes.get(path) ?? (await fileSha256(path));
    this.#hashes.set(path, got);
    if (got !== wanted) {
      throw new UsageError(
        'BUNDLE_HASH',
        `${where}: ${path} has sha256 ${got}, the manifest wants ${wanted}; the file is not the one that was verified`,
      );
    }
    return path;
  }
}
