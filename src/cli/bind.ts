import { existsSync, readdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import type { Writable } from 'node:stream';
import { SpaceMismatchError, UsageError } from '../core/errors.ts';
import { Ledger } from '../core/ledger.ts';
import { silentLog } from '../core/log.ts';
import { modalitySchema } from '../core/modality-schema.ts';
import { MODALITIES, type EncoderModality, type Modality } from '../core/types.ts';
import { openBundle, type Bundle } from '../encoders/bundle.ts';
import { startEncoders } from '../encoders/encoder-pool.ts';
import { readPairList, type PairItem } from '../inputs/pair-list.ts';
import { openRecording, type Recording } from '../recording/open-recording.ts';
import { backboneOf } from '../runtime/bind/backbone.ts';
import { bindBest, type BindWay } from '../runtime/bind/bind-best.ts';
import type { HeadSize } from '../runtime/bind/bind.ts';
import type { BindReport, BothWays } from '../runtime/bind/bind-report.ts';
import { refuseExisting, writeBoundBundle } from '../runtime/bind/bound-bundle.ts';
import type { BindPairs } from '../runtime/bind/bind-pair.ts';
import { ownEncoder, type OwnEncoder, type OwnEncoderOptions } from '../runtime/bind/own-encoder.ts';
import { ownReadings } from '../runtime/bind/own-windows.ts';
import { pairsOfFiles } from '../runtime/bind/pairs-of-files.ts';
import { pairsOfRecording } from '../runtime/bind/pairs-of-recording.ts';
import { pictureBackbone } from '../runtime/bind/picture-backbone.ts';
import { similarityPicture } from '../runtime/bind/similarity-picture.ts';
import { findBundle } from '../runtime/bundles.ts';
import type { EmbedFileOptions } from '../runtime/embed-file.ts';
import { progressLine } from './progress-line.ts';

interface BindCommand {
  readonly pairs: string;
  readonly test?: string;
  readonly anchor: EncoderModality;
  readonly new: Modality;
  readonly out: string;
  readonly model: string;
  readonly backbone?: string;
  readonly seconds: string;
  readonly hop?: string;
  readonly temperature?: string;
  readonly head: HeadSize;
  readonly seed: string;
  readonly json?: true;
}

const HELP = `
The anchor's encoder stays as it is; a linear head learns to put what the new sensor says where the anchor is at that moment, and by
that where words and all other senses are. PAIRS is a recording (.mcap, or a folder of them), a folder of NAME-rgb.jpg beside
NAME-depth.png (or -thermal, -audio, -imu), or a pairs.jsonl of {"image": FILE, "depth": FILE, "text": WORDS, "group": SCENE,
"timeUs": T}. Whole groups, or blocks of time, are held out; what is written was better than guessing on them. OUT is a bundle: name it as "model:".

Examples:
  edgebind bind --pairs recordings/ --anchor image --new thermal --out models/mine
  edgebind bind --pairs tabletop/ --anchor image --new depth --out models/mine
  edgebind bind --pairs walks.jsonl --anchor text --new imu --out models/mine --json`;

/** Adds `edgebind bind`. */
export function registerBind(program: Command): void {
  program
    .command('bind')
    .description('teaches the space a new sensor from co-recorded pairs, on this machine')
    .requiredOption('--pairs <path>', 'recording.mcap, folder of pairs, or pairs.jsonl')
    .addOption(new Option('--anchor <sense>', 'the sense that is bound already').choices([...MODALITIES, 'text']).default('image'))
    .addOption(
      new Option(
        '--new <sense>',
        'what the new sensor measures: a known sense, or the modality of a source of your own',
      ).makeOptionMandatory(),
    )
    .requiredOption('--out <dir>', 'the new bundle')
    .option('--model <dir>', 'the bundle that it joins', 'models/mini')
    .option('--backbone <dir>', "another bundle whose encoder of that sense gives the features; default: the same bundle's")
    .option('--test <path>', 'pairs to judge by, kept out of training; default: blocks of PAIRS')
    .option('--seconds <number>', 'a sensor of your own with channels: length of a window', '2')
    .option('--hop <number>', 'the same: seconds from one window to the next; default: a quarter of a window')
    .option('--temperature <number>', "of the softmax; default: ImageBind's for the sense")
    .addOption(
      new Option('--head <size>', 'linear: 30 different pairs at least to train on; small: 12, learns in eight directions only')
        .choices(['linear', 'small'])
        .default('linear'),
    )
    .option('--seed <number>', 'same pairs and seed, same head', '1')
    .option('--json', 'the report as one JSON object')
    .addHelpText('after', HELP)
    .action((options: BindCommand) => runBind(options, process));
}

async function runBind(
  options: BindCommand,
  { stdout, stderr }: { readonly stdout: Writable; readonly stderr: NodeJS.WritableStream },
): Promise<void> {
  const { anchor, new: fresh, out, model } = options;
  const misnamed = modalitySchema.safeParse(fresh).error?.issues[0];
  if (misnamed) throw new UsageError('BAD_SENSOR', `--new ${fresh}: ${misnamed.message}`);
  if (anchor === fresh) throw new UsageError('BAD_ANCHOR', `--anchor and --new are both ${anchor}: the anchor is another sense`);
  const [seed, temperature] = [
    number('--seed', options.seed, 0),
    options.temperature === undefined ? undefined : number('--temperature', options.temperature, 0.001),
  ];
  await refuseExisting(out);
  const list = await readPairs(options.pairs);
  const testList = options.test === undefined ? undefined : await readPairs(options.test);
  const base = await openBundle(findBundle(model, process.cwd()));
  const from = options.backbone === undefined ? base : await openBundle(findBundle(options.backbone, process.cwd()));
  const entry = from.entries.get(fresh);
  const seconds = number('--seconds', options.seconds, 0.01);
  const own =
    entry || isKnown(fresh)
      ? undefined
      : { seconds, hopSeconds: options.hop === undefined ? seconds / 4 : number('--hop', options.hop, 0.01), seed };
  if (!entry && !own)
    throw new UsageError(
      'NO_BACKBONE',
      `${from.dir} has no encoder for ${fresh} to take features from; name a bundle that has: --backbone models/mini`,
    );
  const progress = progressLine(stderr);
  const leave = new AbortController();
  const stop = (): void => leave.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const startedMs = performance.now();
  let picture: Bundle | undefined;
  try {
    // Heat and depth are shown to the picture network, too: what serves better is seen on validation pairs.
    if (options.backbone === undefined && !('events' in list)) picture = await pictureBackbone(base, fresh, list);
    const ways: BindWay[] = [];
    for (const bundle of [from, ...(picture ? [picture] : [])]) {
      const [[pairs, test], encoder] = await vectors([list, testList], {
        anchor,
        fresh,
        base,
        from: bundle,
        own,
        onProgress: progress.show,
      });
      const seen = bundle.entries.get(fresh);
      const backbone = encoder?.backbone ?? (seen && (await backboneOf(seen)));
      if (!pairs || !backbone) throw new UsageError('NO_BACKBONE', `nothing was recorded of ${fresh}`);
      const { name, version } = bundle.manifest;
      const sense = encoder || bundle === picture ? 'image' : fresh;
      const features = encoder?.isSameSpace === false ? 'fixed random convolutions' : `the ${sense} encoder of ${name} ${version}`;
      ways.push({ ...pairs, test: test?.pairs, backbone, isSameSpace: encoder?.isSameSpace ?? bundle === base, features });
    }
    const embeddedMs = performance.now();
    const bound = await bindBest(ways, {
      anchor,
      fresh,
      seed,
      temperature,
      size: options.head,
      onProgress: ({ step, steps, loss, validationLoss }) =>
        progress.show(`step ${step} of at most ${steps}: loss ${loss.toFixed(3)}, of validation pairs ${validationLoss.toFixed(3)}`),
      signal: leave.signal,
    });
    const { features, leftOut, backbone } = bound.way;
    const report = {
      ...bound.report,
      features,
      leftOut,
      seconds: { embedding: elapsed(startedMs, embeddedMs), training: elapsed(embeddedMs, performance.now()) },
    };
    progress.clear();
    const space = await writeBoundBundle({
      base,
      fresh,
      backbone,
      head: bound.head,
      source: `edgebind bind: ${report.pairs.train} pairs with ${anchor}, seed ${seed}, behind ${features}`,
      files: {
        'bind-report.json': `${JSON.stringify(report, undefined, 2)}\n`,
        'bind-similarity.png': await similarityPicture(bound.heldOut.fresh, bound.heldOut.anchor),
      },
      out,
    });
    stdout.write(options.json ? `${JSON.stringify({ out, space, ...report })}\n` : inWords(out, space.id, report));
  } finally {
    progress.clear();
    if (picture) await rm(picture.dir, { recursive: true, force: true });
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

interface VectorTerms {
  readonly anchor: EncoderModality;
  readonly fresh: Modality;
  readonly base: Bundle;
  readonly from: Bundle;
  /** How to window a sensor of the user's own. */
  readonly own?: Pick<OwnEncoderOptions, 'seconds' | 'hopSeconds' | 'seed'> | undefined;
  readonly onProgress: (text: string) => void;
}

/** Files of pairs, or a recording. */
type Given = readonly PairItem[] | Recording;

async function readPairs(path: string): Promise<Given> {
  const isRecording =
    path.endsWith('.mcap') ||
    (existsSync(path) && statSync(path).isDirectory() && readdirSync(path).some((name) => name.endsWith('.mcap')));
  return isRecording ? openRecording([path]) : readPairList(path);
}

/** Embeds lists of pairs with encoders that are started once; for a sensor of the user's own, with the encoder that is made for it. */
async function vectors(
  lists: readonly (Given | undefined)[],
  { anchor, fresh, base, from, own, onProgress }: VectorTerms,
): Promise<[(BindPairs | undefined)[], OwnEncoder | undefined]> {
  const start = async (bundle: Bundle): Promise<EmbedFileOptions> => ({
    bundle,
    encoders: await startEncoders(bundle, { ledger: new Ledger(), log: silentLog }),
  });
  const space = await start(base);
  let backbone = space;
  let encoder: OwnEncoder | undefined;
  try {
    const { encoders } = space;
    if (!encoders.modalities.includes(anchor))
      throw new UsageError('NO_ENCODER', `${base.dir} has no encoder for the anchor, ${anchor}; it has ${encoders.modalities.join(', ')}`);
    if (from !== base) backbone = await start(from);
    const ofRecording = async (recording: Recording): Promise<BindPairs> => {
      if (from !== base)
        throw new UsageError('BAD_BACKBONE', '--backbone: a recording holds vectors of its own bundle; give files of pairs instead');
      // Told before minutes of embedding: vectors of another space are of no use.
      if (recording.session.space.id !== base.space.id) throw new SpaceMismatchError(recording.session.space.id, base.space.id);
      if (own) {
        if (encoder) throw new UsageError('BAD_PAIRS', `--test: ${fresh} is judged by blocks of PAIRS; leave --test out`);
        const samples = await ownReadings(recording, fresh, (count) => onProgress(`${count} readings of ${fresh} read`));
        encoder = await ownEncoder(samples, { base, encoders, ...own, onProgress });
      }
      return pairsOfRecording(recording, {
        anchor,
        fresh,
        space: base.space.id,
        own: encoder?.windows,
        onProgress: (windows) => onProgress(`${windows} windows read`),
      });
    };
    const made: (BindPairs | undefined)[] = [];
    for (const list of lists) {
      const show = (done: number, of: number): void => onProgress(`embedding pair ${done} of ${of}`);
      if (list && 'events' in list) made.push(await ofRecording(list));
      else if (list && own)
        throw new UsageError('BAD_PAIRS', `${fresh} is a sensor of your own: --pairs must be a recording of a run that had it as a source`);
      else made.push(list && (await pairsOfFiles(list, { anchor, fresh, space, backbone, onProgress: show })));
    }
    return [made, encoder];
  } finally {
    if (backbone !== space) await backbone.encoders.stop();
    await space.encoders.stop();
  }
}

const isKnown = (sense: Modality): boolean => MODALITIES.some((known) => known === sense);

function inWords(
  out: string,
  space: string,
  report: BindReport & { readonly features: string; readonly leftOut: Readonly<Record<string, number>> },
): string {
  const { pairs, training, bound, untrained, emergent, anchor, sensor, features, leftOut } = report;
  const left = Object.entries(leftOut).map(([reason, count]) => `${count} ${reason}`);
  const lines = [
    `${out}: space ${space}, behind ${features}`,
    `${pairs.train} pairs trained on, ${pairs.validation} chose step ${training.bestStep} of ${training.stepsDone}, ${pairs.test} held out${left.length > 0 ? `; left out: ${left.join(', ')}` : ''}`,
    '',
    `${'on held-out pairs'.padEnd(34)}    R@1    R@5   R@10   chance R@1`,
    ...table(`${sensor} and ${anchor}`, bound, sensor, anchor),
    ...(untrained ? table('without training', untrained, sensor, anchor) : []),
    ...(untrained && !isBetter(bound, untrained) ? ['  no better than without training: nothing is won by this bundle'] : []),
    ...Object.entries(emergent).flatMap(([sense, ways]) => (ways === undefined ? [] : table(`by itself: ${sense}`, ways, sensor, sense))),
  ];
  return `${lines.join('\n')}\n`;
}

const isBetter = (a: BothWays, b: BothWays): boolean =>
  a.freshToAnchor.meanRank + a.anchorToFresh.meanRank < b.freshToAnchor.meanRank + b.anchorToFresh.meanRank;

function table(title: string, { freshToAnchor, anchorToFresh }: BothWays, fresh: string, anchor: string): string[] {
  const row = (name: string, { recall, chance }: BothWays['freshToAnchor']): string =>
    `  ${name.padEnd(32)} ${[recall[1], recall[5], recall[10]].map((value) => value.toFixed(3).padStart(6)).join(' ')} ${chance[1].toFixed(3).padStart(12)}`;
  return [title, row(`${fresh} -> ${anchor}`, freshToAnchor), row(`${anchor} -> ${fresh}`, anchorToFresh)];
}

const elapsed = (fromMs: number, toMs: number): number => Math.round((toMs - fromMs) / 10) / 100;

function number(option: string, given: string, least: number): number {
  const value = Number(given);
  if (given.trim() !== '' && Number.isFinite(value) && value >= least) return value;
  throw new UsageError('BAD_NUMBER', `${option} ${JSON.stringify(given)} is no number from ${least}`);
}
