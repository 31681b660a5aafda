import { z } from 'zod';
import type { EncoderModality } from '../core/types.ts';
import { FIRST_GRAPH } from './graph-plan.ts';

/** A file of the bundle that holds a graph, with what it reads besides. */
export interface GraphFile {
  readonly graph: string;
  readonly sha256: string;
  readonly data?: readonly { readonly file: string; readonly sha256: string }[] | undefined;
}

/** A further graph of a modality, which takes what graphs before it gave. */
export interface StageManifest extends GraphFile {
  readonly name: string;
  /** Input of this graph -> the stage whose output it takes; `graph` is the modality's first graph. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly output: string;
}

/** What a modality says whose last graph gives a sequence of tokens in place of a vector. */
export interface TokensManifest {
  /** Tokens of one window, evenly spread over its time. */
  readonly perWindow: number;
  /** Output of the last graph, batch x perWindow: tokens whose value is 0 are padding. Absent: all count. */
  readonly mask?: string | undefined;
}

/** How tokens of one modality enter the fusion graph. */
export interface FusionInputManifest {
  /** Input, batch x tokens x width. */
  readonly input: string;
  /** Input, batch x tokens. */
  readonly mask: string;
  /** Of more tokens the newest so many go in. */
  readonly keep: number;
  /** Tokens older than this against the newest do not go in. */
  readonly keepMs?: number | undefined;
}

/** The graph that makes one vector of the tokens of any of its modalities. */
export interface FusionManifest extends GraphFile {
  readonly output: string;
  /** Numbers of one token. */
  readonly width: number;
  readonly mask: { readonly dtype: 'float32' | 'int64'; readonly present: number; readonly absent: number };
  readonly modalities: Readonly<{ [M in EncoderModality]?: FusionInputManifest | undefined }>;
  readonly golden?: string | undefined;
  readonly licence?: string | undefined;
  readonly source?: string | undefined;
}

const name = z.string().min(1);
const positive = z.number().int().positive();
/** Tokens of one modality that one call takes. Attention costs the square of it. */
const most = positive.max(4096);

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a sha256 as 64 lower-case hex digits (sha256sum FILE)');

/** A file of the bundle besides its graphs. */
export const namedFile = z.strictObject({ file: name, sha256 });

/** The keys of any graph file. */
export const graphFile = {
  graph: name,
  sha256,
  /** External data files of the graph, relative to the manifest. */
  data: z.array(namedFile).optional(),
};

const stage = z.strictObject({
  name: name.regex(/^(?!graph$)/, '"graph" names the modality\'s first graph; give the stage another name'),
  ...graphFile,
  inputs: z.record(name, name).refine((inputs) => Object.keys(inputs).length > 0, 'a stage takes at least one input'),
  output: name,
});

/** The keys of a modality with more than one graph. */
export const staged = {
  stages: z.array(stage).min(1).max(16).superRefine(checkStages).optional(),
  tokens: z.strictObject({ perWindow: most, mask: name.optional() }).optional(),
};

const fusionInput = z.strictObject({ input: name, mask: name, keep: most, keepMs: z.number().positive().optional() });

export const fusionSchema = z.strictObject({
  ...graphFile,
  output: name,
  width: positive,
  mask: z
    .strictObject({ dtype: z.enum(['float32', 'int64']).default('float32'), present: z.number().default(1), absent: z.number().default(0) })
    .prefault({}),
  modalities: z
    .strictObject({
      image: fusionInput.optional(),
      audio: fusionInput.optional(),
      thermal: fusionInput.optional(),
      depth: fusionInput.optional(),
      imu: fusionInput.optional(),
      text: fusionInput.optional(),
    })
    .refine((modalities) => Object.keys(modalities).length > 0, 'needs at least one modality'),
  golden: name.optional(),
  licence: name.optional(),
  source: name.optional(),
});

/** Stages run in the order of the list: each takes from those before it, and each but the last is taken from. */
function checkStages(stages: readonly StageManifest[], context: z.RefinementCtx): void {
  const places = new Map(stages.map(({ name: stageName }, i) => [stageName, i]));
  const taken = new Set(stages.flatMap(({ inputs }) => Object.values(inputs)));
  const issue = (path: (string | number)[], message: string): void => context.addIssue({ code: 'custom', path, message });
  for (const [i, { name: stageName, inputs }] of stages.entries()) {
    if (places.get(stageName) !== i) issue([i, 'name'], `two stages are named "${stageName}"; rename one`);
    for (const [input, from] of Object.entries(inputs)) {
      const place = from === FIRST_GRAPH ? -1 : places.get(from);
      const known = [FIRST_GRAPH, ...stages.slice(0, i).map((other) => other.name)].join(', ');
      if (place === undefined) issue([i, 'inputs', input], `no stage is named "${from}"; "${stageName}" can take from: ${known}`);
      else if (place >= i) issue([i, 'inputs', input], late(stages, stageName, from, known));
    }
    if (i < stages.length - 1 && !taken.has(stageName)) issue([i], dangling(`stage "${stageName}"`));
  }
  if (!taken.has(FIRST_GRAPH)) issue([0, 'inputs'], dangling('the first graph'));
}

const dangling = (what: string): string =>
  `${what} is dangling: nothing takes its output; let a later stage take it (inputs: {NAME: STAGE}), or remove it`;

/** Words for a stage that takes from itself or a later one: a cycle, or only the wrong order. */
function late(stages: readonly StageManifest[], stageName: string, from: string, known: string): string {
  const way = [stageName, from];
  const reaches = (at: string): boolean => {
    if (at === stageName) return true;
    const sources = Object.values(stages.find((other) => other.name === at)?.inputs ?? {});
    return sources.some((source) => {
      if (source !== stageName && way.includes(source)) return false;
      way.push(source);
      return reaches(source) || (way.pop(), false);
    });
  };
  return reaches(from)
    ? `a cycle: ${way.join(' takes from ')}; "${stageName}" can take from: ${known}`
    : `"${from}" comes after "${stageName}", and stages run in the order of the list; move it up`;
}

/** The modalities and the fusion graph must speak of the same tokens. */
export function checkFusion(
  modalities: Readonly<Record<string, { readonly tokens?: TokensManifest | undefined } | undefined>>,
  fusion: Pick<FusionManifest, 'modalities'> | undefined,
  context: z.RefinementCtx,
): void {
  const issue = (path: string[], message: string): void => context.addIssue({ code: 'custom', path, message });
  for (const [modality, entry] of Object.entries(modalities)) {
    const input = fusion?.modalities[modality];
    if (entry?.tokens && !input)
      issue(
        ['modalities', modality, 'tokens'],
        `tokens need a fusion graph that takes them; add fusion.modalities.${modality}, or let the last graph give a vector and remove tokens`,
      );
    if (entry?.tokens && input && entry.tokens.perWindow > input.keep)
      issue(
        ['fusion', 'modalities', modality, 'keep'],
        `must be at least the ${entry.tokens.perWindow} tokens of one window (modalities.${modality}.tokens.perWindow)`,
      );
  }
  const names = new Map<string, string>();
  for (const [modality, input] of Object.entries(fusion?.modalities ?? {})) {
    if (!input) continue;
    if (!modalities[modality]?.tokens)
      issue(
        ['fusion', 'modalities', modality],
        `modalities.${modality} gives no tokens; add tokens: {perWindow: N} there, or remove it here`,
      );
    for (const key of ['input', 'mask'] as const) {
      const other = names.get(input[key]);
      if (other !== undefined)
        issue(['fusion', 'modalities', modality, key], `"${input[key]}" is ${other} already; each input is named once`);
      names.set(input[key], `fusion.modalities.${modality}.${key}`);
    }
  }
}
