import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, UsageError } from '../core/errors.ts';
import type { EncoderModality, Space } from '../core/types.ts';
import type { FrontEnd } from '../frontends/recipe.ts';
import { canonicalJson } from './canonical-json.ts';
import { fileSha256 } from './file-sha256.ts';
import { readGolden } from './golden.ts';
import { GraphFiles } from './graph-files.ts';
import { parseManifest, type Manifest, type ManifestWindow, type SensorManifest, type TextManifest } from './manifest.ts';
import type { FusionManifest, StageManifest, TokensManifest } from './manifest-stages.ts';

/** A further graph of a modality, with the real paths of its files. */
export interface BundleStage extends Pick<StageManifest, 'name' | 'inputs' | 'output'> {
  readonly graph: string;
  readonly data: readonly string[];
}

/** The graph that makes one vector of the tokens of any of its modalities, with the real paths of its files. */
export interface BundleFusion extends Pick<FusionManifest, 'output' | 'width' | 'mask' | 'modalities'> {
  readonly graph: string;
  readonly data: readonly string[];
  readonly golden?: readonly Float32Array[];
}

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
  /** Output of the last graph that says how sure it is; absent: always. */
  readonly confidence?: string;
  /** Tensor inside the graph that a head for another sense can begin with. */
  readonly features?: { readonly tensor: string; readonly size: number };
  /** Graphs behind the first, in the order in which they run. */
  readonly stages: readonly BundleStage[];
  /** The last graph gives a sequence of tokens for the fusion graph; absent: a vector of the space. */
  readonly tokens?: TokensManifest;
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
  readonly fusion?: BundleFusion;
  /** Real path of the captions that the encoders know, for `readCaptions`. */
  readonly captions?: string;
  /** Checks again that the files of its graphs are those that were verified. Rejects with UsageError `BUNDLE_HASH`, `BUNDLE_FILE_MISSING`. */
  readonly verify: () => Promise<void>;
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
  const files = new GraphFiles(dir);
  for (const [modality, stated] of Object.entries(manifest.modalities)) {
    if (!stated) continue;
    const { entry, decides } = await openEntry({ file, modality, stated, dim: manifest.space.dim, files });
    entries.set(modality, entry);
    parts[modality] = decides;
  }
  const { name, dim } = manifest.space;
  const fusion = manifest.fusion && (await openFusion(manifest.fusion, dim, file, files));
  const id = createHash('sha256')
    .update(canonicalJson({ edgebind: 1, dim, modalities: parts, fusion: fusion?.decides }))
    .digest('hex');
  const space = { id: id.slice(0, SPACE_ID_DIGITS), name, dim };
  const { captions: stated } = manifest;
  const captions = stated && (await files.verified(stated.file, stated.sha256, `${file} captions`));
  const verify = (): Promise<void> => files.verifyAgain();
  return { dir, manifest, space, entries, verify, ...(fusion && { fusion: fusion.fusion }), ...(captions !== undefined && { captions }) };
}

interface OpenEntry {
  readonly file: string;
  readonly modality: EncoderModality;
  readonly stated: SensorManifest | TextManifest;
  readonly dim: number;
  readonly files: GraphFiles;
}

async function openEntry({ file, modality, stated, dim, files }: OpenEntry): Promise<{ entry: BundleEntry; decides: unknown }> {
  const at = (key: string): string => `${file} modalities.${modality}.${key}`;
  const first = await files.open(stated, at);
  const stages: BundleStage[] = [];
  const stageParts: unknown[] = [];
  for (const [i, { name, inputs, output, ...graph }] of (stated.stages ?? []).entries()) {
    const opened = await files.open(graph, (key) => at(`stages[${i}].${key}`));
    stages.push({ name, inputs, output, graph: opened.graph, data: opened.data });
    stageParts.push({ name, inputs, output, ...opened.decides });
  }
  const { frontEnd } = stated;
  const confidence = 'confidence' in stated ? stated.confidence : undefined;
  const tokenizer = frontEnd.kind === 'text' ? await files.inside(frontEnd.tokenizer, at('frontEnd.tokenizer')) : undefined;
  const golden = stated.golden === undefined ? undefined : await readGolden(await files.inside(stated.golden, at('golden')), dim);
  return {
    entry: {
      modality,
      graph: first.graph,
      data: first.data,
      sha256: stated.sha256,
      input: stated.input,
      output: stated.output,
      stages,
      ...(stated.tokens && { tokens: stated.tokens }),
      frontEnd,
      ...('window' in stated && { window: stated.window }),
      ...(confidence !== undefined && { confidence }),
      ...('features' in stated && stated.features && { features: stated.features }),
      ...(golden && { golden }),
      ...(tokenizer !== undefined && { tokenizer }),
    },
    decides: {
      ...first.decides,
      input: stated.input,
      output: stated.output,
      // Absent where a bundle has none, so that its id is what it always was.
      ...(stageParts.length > 0 && { stages: stageParts }),
      ...(stated.tokens && { tokens: stated.tokens }),
      ...(confidence !== undefined && { confidence }),
      ...('window' in stated && stated.window.kind === 'frame' && { everyMs: stated.window.everyMs }),
      // A file's name decides nothing, its content does.
      frontEnd: frontEnd.kind === 'text' ? { ...frontEnd, tokenizer: undefined } : frontEnd,
      ...(tokenizer !== undefined && { tokenizer: await fileSha256(tokenizer) }),
    },
  };
}

async function openFusion(
  stated: FusionManifest,
  dim: number,
  file: string,
  files: GraphFiles,
): Promise<{ fusion: BundleFusion; decides: unknown }> {
  const at = (key: string): string => `${file} fusion.${key}`;
  const { graph, data, decides } = await files.open(stated, at);
  const { output, width, mask, modalities } = stated;
  const golden = stated.golden === undefined ? undefined : await readGolden(await files.inside(stated.golden, at('golden')), dim);
  const terms = { output, width, mask, modalities };
  return { fusion: { graph, data, ...terms, ...(golden && { golden }) }, decides: { ...decides, ...terms } };
}
