import { z } from 'zod';
import { messageOf } from '../core/errors.ts';
import { parseYaml } from '../core/parse-yaml.ts';
import { modalitySchema } from '../core/modality-schema.ts';
import type { KnownModality } from '../core/types.ts';
import { parseFrontEnd, type FrontEnd } from '../frontends/recipe.ts';
import {
  checkFusion,
  fusionSchema,
  graphFile,
  namedFile,
  staged,
  type FusionManifest,
  type GraphFile,
  type StageManifest,
  type TokensManifest,
} from './manifest-stages.ts';

const name = z.string().min(1);
const positive = z.number().int().positive();

const windowSchema = z.discriminatedUnion('kind', [
  /** Each reading (a picture, a map) is a window of its own. */
  z.strictObject({
    kind: z.literal('frame'),
    /** The model's own pace: of the readings in each slot of so many ms only the first is encoded. Absent: all. */
    everyMs: z.number().positive().max(600_000).optional(),
  }),
  z.strictObject({
    kind: z.literal('sliding'),
    sizeMs: z.number().positive(),
    hopMs: z.number().positive(),
    /** Share of the window that samples must cover for the encoder's answer to mean anything. */
    minCoverage: z.number().min(0).max(1),
  }),
]);

/** A front-end fragment (docs/bundles.md), expanded to the full recipe. */
const frontEnd = z.unknown().transform((fragment, context): FrontEnd => {
  try {
    return parseFrontEnd(fragment);
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) });
    return z.NEVER;
  }
});

/** What every graph of a bundle says of itself. */
const common = {
  ...graphFile,
  ...staged,
  output: name,
  frontEnd,
  golden: name.optional(),
  /** Factor by which the original model multiplies similarities (CLIP's logit scale); metadata for scores. */
  scale: z.number().positive().optional(),
  licence: name.optional(),
  source: name.optional(),
};

const sensorSchema = z.strictObject({
  ...common,
  input: z.strictObject({ name, shape: z.array(positive).min(1), dtype: z.literal('float32') }),
  window: windowSchema,
  /** Output of the last graph, batch x 1: how sure it is of each vector, 0..1. */
  confidence: name.optional(),
  /** Tensor inside the first graph, batch x size, that a head for another sense can begin with: `edgebind bind`. Decides no vector. */
  features: z.strictObject({ tensor: name, size: positive }).optional(),
});

const textSchema = z.strictObject({
  ...common,
  /** `mask`: name of the attention mask's input, where the graph has one. */
  input: z.strictObject({ name, mask: name.optional(), dtype: z.enum(['int64', 'int32']) }),
});

/** Front ends that make an input for a modality; any other modality is a sensor of somebody's own. */
const KINDS: Readonly<Record<KnownModality | 'text', readonly string[]>> = {
  image: ['image', 'features'],
  audio: ['log-mel', 'waveform'],
  thermal: ['thermal'],
  depth: ['depth'],
  imu: ['imu'],
  text: ['text'],
};

/** Front ends of sensors of somebody's own. */
const OWN_KINDS: readonly string[] = ['series', 'array'];

/** `manifest.yaml` of a bundle. Unknown keys are errors. */
export const manifestSchema: z.ZodType<Manifest> = z
  .strictObject({
    edgebind: z.literal(1, 'must be 1, the version of this format'),
    name,
    version: z.string(),
    licence: name,
    space: z.strictObject({ name, dim: positive }),
    /** What the encoders can say, in words, with text vectors; decides no vector. */
    captions: namedFile.optional(),
    modalities: z
      .strictObject({
        image: sensorSchema.optional(),
        audio: sensorSchema.optional(),
        thermal: sensorSchema.optional(),
        depth: sensorSchema.optional(),
        imu: sensorSchema.optional(),
        text: textSchema.optional(),
      })
      .catchall(sensorSchema)
      .refine((modalities) => Object.keys(modalities).length > 0, 'needs at least one modality')
      .superRefine((modalities, context) => {
        for (const [modality, entry] of Object.entries(modalities)) {
          const kinds = Object.hasOwn(KINDS, modality) ? KINDS[modality as KnownModality | 'text'] : OWN_KINDS;
          const named = kinds === OWN_KINDS ? modalitySchema.safeParse(modality).error : undefined;
          for (const { message } of named?.issues ?? []) context.addIssue({ code: 'custom', path: [modality], message });
          if (entry && 'confidence' in entry && entry.tokens)
            context.addIssue({
              code: 'custom',
              path: [modality, 'confidence'],
              message: 'says how sure a vector is, and tokens are none; remove it',
            });
          if (!entry || kinds.includes(entry.frontEnd.kind)) continue;
          const message = `"${entry.frontEnd.kind}" makes no input for ${modality}; use ${kinds.join(' or ')}`;
          context.addIssue({ code: 'custom', path: [modality, 'frontEnd', 'kind'], message });
        }
      }),
    fusion: fusionSchema.optional(),
  })
  .superRefine(({ modalities, fusion }, context) => checkFusion(modalities, fusion, context));

/** When the windows of a modality open and close. */
export type ManifestWindow =
  | { readonly kind: 'frame'; readonly everyMs?: number | undefined }
  | { readonly kind: 'sliding'; readonly sizeMs: number; readonly hopMs: number; readonly minCoverage: number };

/** What the manifest says of any graph. */
interface GraphManifest extends GraphFile {
  readonly output: string;
  readonly stages?: readonly StageManifest[] | undefined;
  readonly tokens?: TokensManifest | undefined;
  readonly frontEnd: FrontEnd;
  readonly golden?: string | undefined;
  readonly scale?: number | undefined;
  readonly licence?: string | undefined;
  readonly source?: string | undefined;
}

export interface SensorManifest extends GraphManifest {
  readonly input: { readonly name: string; readonly shape: readonly number[]; readonly dtype: 'float32' };
  readonly window: ManifestWindow;
  readonly confidence?: string | undefined;
  readonly features?: { readonly tensor: string; readonly size: number } | undefined;
}

export interface TextManifest extends GraphManifest {
  readonly input: { readonly name: string; readonly mask?: string | undefined; readonly dtype: 'int64' | 'int32' };
}

export interface Manifest {
  readonly edgebind: 1;
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly space: { readonly name: string; readonly dim: number };
  readonly captions?: { readonly file: string; readonly sha256: string } | undefined;
  readonly modalities: {
    readonly image?: SensorManifest | undefined;
    readonly audio?: SensorManifest | undefined;
    readonly thermal?: SensorManifest | undefined;
    readonly depth?: SensorManifest | undefined;
    readonly imu?: SensorManifest | undefined;
    readonly text?: TextManifest | undefined;
  } & Readonly<Partial<Record<string, SensorManifest | TextManifest>>>;
  readonly fusion?: FusionManifest | undefined;
}

/**
 * Reads the text of a manifest.
 *
 * @param file named in the errors
 * @throws UsageError `INVALID_CONFIG` with file, line, column, path and, for unknown keys, the nearest known one
 */
export const parseManifest = (text: string, file: string): Manifest => parseYaml(text, file, manifestSchema);
