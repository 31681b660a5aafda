import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { idSchema, ruleSchema } from '../alerts/rule.ts';
import { unmetNames } from '../alerts/unmet-names.ts';
import { messageOf, UsageError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { parseYamlWithPlaces } from '../core/parse-yaml.ts';
import { WINDOW_KINDS, type WindowKind } from '../core/source-config.ts';
import { modalitySchema } from '../core/modality-schema.ts';
import { MODALITIES, type Modality } from '../core/types.ts';
import { fillEnvironment } from './environment.ts';

const port = z.number().int().min(0).max(65_535);
const positive = z.number().positive();
const ageMs = positive.max(600_000);
/** Execution providers that a config can name. */
export const PROVIDERS = ['cpu', 'webgpu', 'cuda', 'tensorrt'] as const;
const brokerUrl = z.string().regex(/^(mqtts?|wss?):\/\//, 'a broker is mqtt://HOST:1883');

const windowSchema = z
  .strictObject({
    kind: z
      .enum(WINDOW_KINDS)
      .optional()
      .describe('tumbling, sliding: by time; session: until silence; count: by number; frame: each picture; change: pictures that differ'),
    sizeMs: positive.max(600_000).optional(),
    hopMs: positive.max(600_000).optional(),
    latenessMs: z.number().min(0).max(60_000).optional(),
    minCoverage: z.number().min(0).max(1).optional(),
    closeWhenWhole: z
      .boolean()
      .optional()
      .describe('emit a window before its lateness has passed once its numbers prove it whole; default: true where latenessMs is not set'),
    gapMs: positive.max(600_000).optional().describe('session: a session ends when nothing came for so long (default 1000)'),
    count: z.number().int().min(1).max(65_536).optional().describe('count: samples in a window (default 100)'),
    everyCount: z
      .number()
      .int()
      .min(1)
      .max(65_536)
      .optional()
      .describe("count: samples from one window's start to the next (default: count)"),
    minChange: z.number().min(0).max(1).optional().describe('change: a picture that differs by less is left out, 0..1 (default 0.02)'),
    everyMs: positive
      .max(3_600_000)
      .optional()
      .describe('frame: only the first picture of each so many ms; change: one passes at the latest after so many ms'),
  })
  .refine(
    ({ sizeMs, hopMs }) => sizeMs === undefined || hopMs === undefined || sizeMs / hopMs <= 1000,
    'at most 1,000 windows may overlap: raise hopMs',
  );

const dotted = z.string().min(1).exactOptional();
/** Our names of what a message can hold; one that is none of them would be passed over without a word. */
const fieldsSchema = z.strictObject({
  acc: dotted,
  gyro: dotted,
  ax: dotted,
  ay: dotted,
  az: dotted,
  gx: dotted,
  gy: dotted,
  gz: dotted,
  celsius: dotted,
  mm: dotted,
  values: dotted,
  timeUs: dotted,
  timeMs: dotted,
  timeS: dotted,
  seq: dotted,
});

const sourceSchema = z.strictObject({
  id: idSchema,
  modality: modalitySchema.describe('image, audio, thermal, depth, imu, or a name of your own for another sensor (docs/binding.md)'),
  from: z
    .string()
    .regex(
      /^[a-z0-9]+:/,
      'from is SCHEME:REST, e.g. "serial:/dev/ttyUSB0?baud=115200" or "mqtt:site/thermal"; `edgebind devices` prints lines to paste',
    ),
  fps: positive.max(240).optional().describe('cameras: pictures per second to read'),
  protocol: z.string().optional().describe('serial: the protocol, e.g. witmotion'),
  format: z
    .string()
    .optional()
    .describe(
      'mqtt: jpeg, png, rgb24, pcm_s16le, pcm_f32le, thermal-i16, depth-u16, imu-f32, features-f32, array-f32, json, or a serial protocol',
    ),
  width: z.number().int().min(1).max(16_384).optional(),
  height: z.number().int().min(1).max(16_384).optional(),
  rateHz: positive.max(384_000).optional(),
  channels: z.number().int().min(1).max(64).optional(),
  fields: fieldsSchema.optional().describe('json, ndjson, csv: which field of the object holds what, as a dotted path'),
  envelope: z.literal('stamp16').optional().describe('a 16-byte header before each payload: u64 LE time (us), u32 LE seq, u32 zero'),
  realtime: z.boolean().optional().describe('files: read at their own pace (default true)'),
  loop: z.boolean().optional().describe('files and recordings: begin again at the end (default false)'),
  silentAfterMs: z.number().int().min(100).max(3_600_000).optional(),
  offsetMs: z
    .number()
    .min(-60_000)
    .max(60_000)
    .optional()
    .describe(
      'added to each event time: a constant delay that no clock model sees, e.g. -40 for a camera that is 40 ms late (edgebind sync)',
    ),
  window: windowSchema.optional(),
  pipeline: z
    .string()
    .regex(/\.m?js$/, 'a pipeline is a .js or .mjs file: Node 20 cannot import TypeScript, compile it first (docs/pipelines.md)')
    .optional()
    .describe("a module of yours that exports `pipeline`, instead of the modality's own; relative to this file (docs/pipelines.md)"),
});

const recordSchema = z.strictObject({
  dir: z.string().default('recordings').describe('folder of the files'),
  maxGiB: positive.max(1_000_000).default(10).describe('the oldest files go when all are larger than this'),
  maxDays: positive.max(36_500).optional().describe('files older than this go'),
  fileMiB: positive.min(1).max(1_000_000).default(256).describe('the next file begins at this size'),
  fileMinutes: positive.max(100_000).default(60).describe('the next file begins at this age'),
  packMotion: z
    .boolean()
    .default(false)
    .describe('readings of inertial sensors share messages: a third of their bytes, but other programs see ten points a second'),
  trigger: z
    .strictObject({
      beforeMs: z.number().min(0).max(600_000).default(10_000),
      afterMs: z.number().min(0).max(600_000).default(10_000),
      maxMiB: positive.max(100_000).default(256).describe('memory for what waits to be decided about'),
    })
    .optional()
    .describe('only so long before and after each alert'),
});

/** How readings of a sensor of somebody's own come. */
const OWN_FORMATS: readonly string[] = ['array-f32', 'json'];

/** A spectrogram has one length, and only pictures can be compared as such. */
const kindsOf = (modality: Modality): readonly WindowKind[] => {
  if (modality === 'audio') return ['tumbling', 'sliding'];
  if (modality === 'imu') return ['tumbling', 'sliding', 'session', 'count'];
  return MODALITIES.some((known) => known === modality) ? WINDOW_KINDS : ['tumbling', 'sliding', 'frame'];
};

const unique =
  <T>(keyOf: (item: T) => string, what: string) =>
  (items: readonly T[], context: z.RefinementCtx): void => {
    const seen = new Map<string, number>();
    for (const [i, item] of items.entries()) {
      const first = seen.get(keyOf(item));
      if (first !== undefined)
        context.addIssue({
          code: 'custom',
          path: [i, 'id'],
          message: `two ${what} have the id "${keyOf(item)}" (the other is number ${first + 1}): rename one`,
        });
      else seen.set(keyOf(item), i);
    }
  };

/** config.yaml. `edgebind config schema` prints it for editors. */
export const configSchema = z
  .strictObject({
    model: z.string().default('models/mini').describe('a bundle folder'),
    listen: z
      .strictObject({
        host: z.string().default('127.0.0.1'),
        port: port.default(7400),
        token: z.string().min(8, 'a token has at least 8 characters').optional(),
        tls: z.strictObject({ cert: z.string(), key: z.string() }).optional(),
        insecure: z.boolean().default(false).describe('true: another address than loopback without TLS'),
        slowClientMs: z
          .number()
          .int()
          .min(100)
          .max(600_000)
          .default(10_000)
          .describe('a stream client that takes no byte for so long is cut off'),
      })
      .prefault({}),
    broker: z
      .strictObject({
        url: brokerUrl.optional(),
        port: port.optional(),
      })
      .refine(
        (broker) => broker.url === undefined || broker.port === undefined,
        'give url (a broker that is there) or port (of the embedded one), not both',
      )
      .prefault({}),
    encoders: z
      .strictObject({
        workers: z.number().int().min(1).max(64).optional().describe('inference threads; default: cores - 1'),
        threads: z.number().int().min(1).max(64).default(1).describe('threads inside one inference'),
        providers: z.array(z.enum(PROVIDERS)).min(1).default(['cpu']).describe('tried in this order'),
        binding: z
          .string()
          .min(1)
          .optional()
          .describe("another build of onnxruntime-node: a path from the config's folder, or a module name; default: EDGEBIND_ORT_BINDING"),
        keep: z.enum(['freshest', 'drop-oldest', 'every']).default('freshest'),
        staleAfterMs: positive.max(600_000).default(500),
      })
      .prefault({}),
    sources: z
      .array(sourceSchema)
      .min(1, 'at least one source is needed')
      .superRefine(unique((source) => source.id, 'sources')),
    fusion: z
      .strictObject({
        how: z
          .enum(['late', 'joint'])
          .default('late')
          .describe("late: the weighted sum of the sources' vectors; joint: one vector by the bundle's fusion graph (docs/multi-stage.md)"),
        everyMs: positive.min(50).max(60_000).default(500),
        maxAgeMs: z
          .union([ageMs, z.record(z.string(), ageMs)])
          .default(1500)
          .describe('a vector older than this is not fused: one number, or one per modality, e.g. {image: 1000, audio: 2000}'),
        missing: z
          .enum(['partial', 'skip', 'hold'])
          .default('partial')
          .describe('partial: fuse who is there and name who is not; skip: wait for all; hold: use the last vector for holdMs more'),
        holdMs: positive.max(600_000).default(3000).describe('missing: hold: how long beyond maxAgeMs the last vector stands in'),
        waitMs: z.number().min(0).max(10_000).default(200).describe('how long a tick waits for vectors of windows that ended before it'),
        weights: z.record(z.string(), z.number().min(0).max(100)).default({}),
      })
      .refine(({ how, weights }) => how === 'late' || Object.keys(weights).length === 0, {
        path: ['weights'],
        message: 'weights are for late fusion, a fusion graph weighs by itself; remove them, or set how: late',
      })
      .optional(),
    alerts: z
      .array(ruleSchema)
      .default([])
      .superRefine(unique((rule) => rule.id, 'alerts')),
    state: z
      .strictObject({
        dir: z.string().default('state'),
        memory: z
          .union([
            z.literal(false),
            z.strictObject({
              maxGiB: positive.max(10_000).default(1).describe('the oldest windows go where the memory is larger'),
              maxDays: positive.max(10_000).default(7).describe('older windows go'),
            }),
          ])
          .prefault({})
          .describe('vectors of past windows, to be searched; false: none are kept'),
      })
      .prefault({}),
    outputs: z
      .strictObject({
        mqtt: z
          .strictObject({
            url: brokerUrl,
            topic: z
              .string()
              .regex(/^[^+#\0/][^+#\0]*[^+#\0/]$/, 'a topic has no + and no #, and no / at its ends, e.g. edgebind/{host}')
              .default('edgebind/{host}')
              .describe("first part of the topics; {host}: this machine's name"),
            encoding: z.enum(['json', 'f32', 'f16', 'i8', 'none']).default('f32').describe('of vectors; none: they are not published'),
          })
          .optional()
          .describe('alerts, states of sources and vectors by MQTT'),
        record: recordSchema.optional().describe('everything, or what is around alerts, to MCAP files (docs/recording.md)'),
      })
      .prefault({}),
  })
  .superRefine((config, context) => {
    const known = namesOf(config);
    for (const [i, { id, modality, window, from, format = '' }] of config.sources.entries()) {
      const meaning = meaningOf(id, modality);
      if (meaning !== undefined)
        context.addIssue({ code: 'custom', path: ['sources', i, 'id'], message: `"${id}" is the name of ${meaning}: choose another` });
      const isOwn = from.startsWith('mcap:') || (from.startsWith('mqtt:') && OWN_FORMATS.includes(format));
      if (!isOwn && !MODALITIES.some((sense) => sense === modality)) {
        const close = nearest(modality, MODALITIES);
        const hint = close ? `did you mean "${close}"?` : `expected one of ${MODALITIES.map((sense) => `"${sense}"`).join('|')}`;
        const message = `${hint}; a sensor of your own comes by MQTT, with format: ${OWN_FORMATS.join(' or ')}`;
        context.addIssue({ code: 'custom', path: ['sources', i, 'modality'], message });
      }
      const fitting = kindsOf(modality);
      if (window?.kind !== undefined && !fitting.includes(window.kind))
        context.addIssue({
          code: 'custom',
          path: ['sources', i, 'window', 'kind'],
          message: `windows of ${modality} cannot be of kind ${window.kind}; they can be ${fitting.join(', ')}`,
        });
    }
    const sensed = new Set<string>([...MODALITIES, ...config.sources.map(({ modality }) => modality)]);
    const { weights, maxAgeMs } = config.fusion ?? {};
    if (weights && config.sources.every(({ modality }) => weights[modality] === 0)) {
      const message = 'every source weighs 0, and nothing would be fused: give one a weight above 0, or remove fusion';
      context.addIssue({ code: 'custom', path: ['fusion', 'weights'], message });
    }
    for (const [key, named] of Object.entries({ weights, maxAgeMs })) {
      for (const name of typeof named === 'object' ? Object.keys(named) : []) {
        if (sensed.has(name)) continue;
        const close = nearest(name, [...sensed]);
        const message = `"${name}" is the modality of no source; ${close ? `did you mean "${close}"?` : `known: ${[...sensed].join(', ')}`}`;
        context.addIssue({ code: 'custom', path: ['fusion', key, name], message });
      }
    }
    for (const [i, rule] of config.alerts.entries())
      for (const { path, message } of unmetNames(rule, { sources: config.sources, names: known, rules: config.alerts }))
        context.addIssue({ code: 'custom', path: ['alerts', i, ...path], message });
    const isLoopback = /^(127\.|::1$|localhost$)/.test(config.listen.host);
    if (!isLoopback && !config.listen.token)
      context.addIssue({
        code: 'custom',
        path: ['listen', 'host'],
        message: `${config.listen.host} can be reached from elsewhere: set listen.token, e.g. token: \${EDGEBIND_TOKEN}`,
      });
    else if (!isLoopback && !config.listen.tls && !config.listen.insecure) {
      context.addIssue({
        code: 'custom',
        path: ['listen', 'host'],
        message: 'the token would cross the network in clear: set listen.tls {cert, key}, or insecure: true on a network you trust',
      });
    }
  });

/** What `on` and `sources` would mean by an id that is taken; undefined where it is free. A camera may be called image. */
function meaningOf(id: string, modality: Modality): string | undefined {
  if (id === 'fused') return 'the vector of all sources together';
  return id !== modality && MODALITIES.some((known) => known === id) ? 'all sources of that modality' : undefined;
}

/** What a rule's `on` may name: modalities, sources, and `fused` where there is fusion. */
export const namesOf = (config: {
  readonly sources: readonly { readonly id: string; readonly modality: string }[];
  readonly fusion?: unknown;
}): Set<string> =>
  new Set<string>([
    ...MODALITIES,
    ...config.sources.flatMap(({ id, modality }) => [id, modality]),
    ...(config.fusion === undefined ? [] : ['fused']),
  ]);

export type Config = z.output<typeof configSchema>;

/** Said of an edit of a running config that is not put into force at once. */
export const EDITED_FOR_LATER =
  'listen, broker, encoders, state and outputs take effect at the next start; model, sources, fusion and alerts now';

/** A config with the folder that its relative paths start from. */
export interface LoadedConfig {
  readonly file: string;
  readonly folder: string;
  readonly config: Config;
  /** `file:line:column path` of a path in it, for errors that only show when the config is used. */
  readonly at: (path: readonly PropertyKey[]) => string;
}

/**
 * Reads and checks a config file. `${NAME}` stands for an environment variable.
 *
 * @throws UsageError with one line per mistake: file, line, path, what is wrong and the fix
 */
export function loadConfig(file: string): LoadedConfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(
      'CONFIG_NOT_FOUND',
      `${file}: cannot be read (${messageOf(error)}); give the path of a config, or run in the folder that has config.yaml`,
      { cause: error },
    );
  }
  const { value, at } = parseYamlWithPlaces(fillEnvironment(text, file, process.env), file, configSchema);
  return { file, folder: dirname(resolve(file)), config: value, at };
}
