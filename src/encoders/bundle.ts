import { createHash } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { messageOf, UsageError } from '../core/errors.ts';
import type { EncoderModality, Space } from '../core/types.ts';
import type { FrontEnd } from '../frontends/recipe.ts';
import { canonicalJson } from './canonical-json.ts';
import { externalData } from './external-data.ts';
import { fileSha256 } from './file-sha256.ts';
import { readGolden } from './golden.ts';
import { insideFolder } from './inside-folder.ts';
import { parseManifest, type Manifest, type ManifestWindow, type SensorManifest, type TextManifest } from './manifest.ts';

/** One modality of an opened bundle: every file is there, inside the folder, and has the hash that the manifest states. */
export interface BundleEntry {
  readonly modality: EncoderModality;
  /** Real path of the ONNX file. */
  readonly graph: string;
  /** Real paths of the graph's external data files. */
  readonly data: readonly string[];
  readonly sha256: string;
  readonly input: SensorManifest['input'] | TextManifest['input'];
  readonly output: string;
  readonly frontEnd: FrontEnd;
  /** When windows open and close; absent for text. */
  readonly window?: ManifestWindow;
  /** Vectors of the two golden inputs. */
  readonly golden?: readonly Float32Array[];
  /** Real path of the tokenizer, text only. */
  readonly tokenizer?: string;
}

/** A joint space on disk, checked. */
export interface Bundle {
  readonly dir: string;
  readonly manifest: Manifest;
  readonly space: Space;
  readonly entries: ReadonlyMap<EncoderModality, BundleEntry>;
}

/** How many hex digits of the hash name a space: 80 bits, so that nobody meets two spaces of one name. */
const SPACE_ID_DIGITS = 20;

/**
 * Opens a bundle folder: parses `manifest.yaml`, expands the front ends, checks that each file is inside the folder and has its
 * hash, and derives the space id from all that decides a vector. Loads no model.
 *
 * @throws UsageError `BUNDLE_MISSING`, `INVALID_CONFIG`, `BUNDLE_PATH`, `BUNDLE_FILE_MISSING`, `BUNDLE_HASH`,
 *   `BROKEN_GRAPH`, `BAD_GOLDEN`: each names the manifest, the entry, the value got, the value wanted and the fix
 */
export async function openBundle(dir: string): Promise<Bundle> {
  const file = join(dir, 'manifest.yaml');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new UsageError('BUNDLE_MISSING', `${dir} is no bundle: ${messageOf(cause)}; "model:" must name a folder with a manifest.yaml`, {
      cause,
    });
  }
  const manifest = parseManifest(text, file);
  const entries = new Map<EncoderModality, BundleEntry>();
  const parts: Record<string, unknown> = {};
  const hashes = new Map<string, string>();
  for (const [key, stated] of Object.entries(manifest.modalities)) {
    if (!stated) continue;
    const modality = key as EncoderModality;
    const { entry, decides } = await openEntry({ dir, file, modality, stated, dim: manifest.space.dim, hashes });
    entries.set(modality, entry);
    parts[modality] = decides;
  }
  const { name, dim } = manifest.space;
  const id = createHash('sha256')
    .update(canonicalJson({ edgebind: 1, dim, modalities: parts }))
    .digest('hex');
  return { dir, manifest, space: { id: id.slice(0, SPACE_ID_DIGITS), name, dim }, entries };
}

interface OpenEntry {
  readonly dir: string;
  readonly file: string;
  readonly modality: EncoderModality;
  readonly stated: SensorManifest | TextManifest;
  readonly dim: number;
  /** Hashes found so far, by real path: modalities may share a graph. */
  readonly hashes: Map<string, string>;
}

async function openEntry({ dir, file, modality, stated, dim, hashes }: OpenEntry): Promise<{ entry: BundleEntry; decides: unknown }> {
  const at = (key: string): string => `${file} modalities.${modality}.${key}`;
  const verified = async (named: string, wanted: string, key: string): Promise<string> => {
    const path = await insideFolder(dir, named, at(key));
    const got = hashes.get(path) ?? (await fileSha256(path));
    hashes.set(path, got);
    if (got !== wanted) {
      throw new UsageError(
        'BUNDLE_HASH',
        `${at(key)}: ${path} has sha256 ${got}, the manifest wants ${wanted}; the file is not the one that was verified`,
      );
    }
    return path;
  };
  const graph = await verified(stated.graph, stated.sha256, 'graph');
  const data = stated.data ?? [];
  const dataFiles: string[] = [];
  for (const [i, part] of data.entries()) dataFiles.push(await verified(part.file, part.sha256, `data[${i}]`));
  for (const named of await externalData(graph)) {
    // onnxruntime starts at the graph's own folder, wherever a link has led.
    const part = await insideFolder(dir, named, `${graph} (external data)`, dirname(graph));
    if (!dataFiles.includes(part)) {
      throw new UsageError(
        'BUNDLE_HASH',
        `${at('data')}: ${graph} reads its weights from "${named}", which is not listed; add {file: ${relative(await realpath(dir), part)}, sha256: ...}`,
      );
    }
  }
  const { frontEnd } = stated;
  const tokenizer = frontEnd.kind === 'text' ? await insideFolder(dir, frontEnd.tokenizer, at('frontEnd.tokenizer')) : undefined;
  const golden = stated.golden === undefined ? undefined : await readGolden(await insideFolder(dir, stated.golden, at('golden')), dim);
  return {
    entry: {
      modality,
      graph,
      data: dataFiles,
      sha256: stated.sha256,
      input: stated.input,
      output: stated.output,
      frontEnd,
      ...('window' in stated && { window: stated.window }),
      ...(golden && { golden }),
      ...(tokenizer !== undefined && { tokenizer }),
    },
    decides: {
      graph: stated.sha256,
      data: data.map((part) => part.sha256),
      input: stated.input,
      output: stated.output,
      // A file's name decides nothing, its content does.
      frontEnd: frontEnd.kind === 'text' ? { ...frontEnd, tokenizer: undefined } : frontEnd,
      ...(tokenizer !== undefined && { tokenizer: await fileSha256(tokenizer) }),
    },
  };
}
