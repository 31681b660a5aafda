import { existsSync, readFileSync, statSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { Option, type Command } from 'commander';
import { messageOf, SpaceMismatchError, UsageError } from '../core/errors.ts';
import type { PastQuery } from '../core/past-query.ts';
import { MODALITIES, type Modality } from '../core/types.ts';
import { MemoryStore, type MemoryAnswer, type MemoryQuery } from '../memory/memory-store.ts';
import { openRecording } from '../recording/open-recording.ts';
import { memoryDir } from '../runtime/past.ts';
import { recall, type PastAnswer } from '../runtime/recall.ts';
import { momentOfRecording, searchRecording } from '../runtime/search-recording.ts';
import type { SpaceVector } from '../space/vector.ts';
import { audioRateHz } from '../runtime/senses.ts';
import { textTable } from './text-table.ts';
import { withEncoders } from './with-encoders.ts';

interface SearchOptions {
  readonly text?: string;
  readonly image?: string;
  readonly audio?: string;
  readonly moment?: string;
  readonly in: string;
  readonly top: string;
  readonly model: string;
  readonly source?: readonly string[];
  readonly modality?: readonly Modality[];
  readonly since?: string;
  readonly until?: string;
  readonly json?: true;
}

/** An example of more bytes is no example. */
const MAX_EXAMPLE_BYTES = 64 * 1024 * 1024;

const HELP = `
--in is the state folder of a config (its memory is read while EdgeBind runs, too), a recording.mcap, or a folder of recordings.
Moments that are the same again (windows of one source within 2 s) count once. Compare scores within one source: senses lie in
different ranges.

Examples:
  edgebind search "glass breaking" --top 5
  edgebind search --image door-open.jpg --in recordings/incident.mcap --json
  edgebind search --moment front@2026-03-01T22:14:05 --in state
  edgebind search "a dog barking" --source mic --since 2026-03-01T22:00 --until 2026-03-02T06:00`;

/** Adds `edgebind search`. */
export function registerSearch(program: Command): void {
  program
    .command('search')
    .description('past moments ranked by words, a picture, a sound or another moment, from the memory or a recording')
    .argument('[words]', 'what to look for; the same as --text')
    .option('--text <words>', 'what to look for in words')
    .option('--image <file>', 'a picture that it should look like')
    .option('--audio <file>', 'a sound that it should sound like')
    .option('--moment <source@time>', 'what a source gave then: front@2026-03-01T22:14:05, or @ microseconds since the epoch')
    .option('--in <path>', 'state folder, recording.mcap, or folder of recordings', 'state')
    .option('--top <count>', 'how many moments', '10')
    .option('--model <dir>', 'the bundle that the moments were embedded with', 'models/mini')
    .option('--source <id...>', 'only of these sources')
    .addOption(new Option('--modality <name...>', 'only of these senses').choices(MODALITIES))
    .option('--since <time>', 'from then: 2026-03-01T22:00, or microseconds since the epoch')
    .option('--until <time>', 'up to then')
    .option('--json', 'the answer as one JSON object')
    .addHelpText('after', HELP)
    .action((words: string | undefined, options: SearchOptions) => search(words === undefined ? options : inText(words, options), process));
}

async function search(options: SearchOptions, { stdout }: { readonly stdout: Writable }): Promise<void> {
  const query = queryOf(options);
  const past = await openPast(options.in);
  const needed = query.image !== undefined ? 'image' : query.audio !== undefined ? 'audio' : 'text';
  const answer = await withEncoders(options.model, [needed], (encoders, bundle) =>
    recall(query, { encoders, audioRateHz: audioRateHz(bundle), ...past, nowUs: Date.now() * 1000 }),
  );
  if (answer.searched === 0 && answer.otherSpace > 0)
    throw new UsageError(
      'SPACE_MISMATCH',
      `${options.in}: all ${answer.otherSpace} windows are of another space than ${answer.space}; name their bundle with --model`,
    );
  stdout.write(options.json ? `${JSON.stringify(answer)}\n` : inWords(answer));
}

function inText(words: string, options: SearchOptions): SearchOptions {
  if (options.text !== undefined) throw new UsageError('BAD_SEARCH', `say "${words}" or --text "${options.text}", not both`);
  return { ...options, text: words };
}

function queryOf({ text, image, audio, moment, top, source, modality, since, until }: SearchOptions): PastQuery {
  if ([text, image, audio, moment].filter((given) => given !== undefined).length !== 1)
    throw new UsageError('BAD_SEARCH', 'say exactly one of WORDS, --image FILE, --audio FILE, --moment SOURCE@TIME');
  if (text?.trim() === '') throw new UsageError('BAD_SEARCH', '--text "": a prompt needs at least one word');
  const count = Number(top);
  if (!/^\d+$/.test(top) || count < 1 || count > 1000) throw new UsageError('BAD_SEARCH', `--top "${top}" is no number from 1 to 1000`);
  return {
    ...(text !== undefined && { text }),
    ...(image !== undefined && { image: fileAsBase64(image) }),
    ...(audio !== undefined && { audio: fileAsBase64(audio) }),
    ...(moment !== undefined && { moment: parseMoment(moment) }),
    top: count,
    ...(source && { sources: [...source] }),
    ...(modality && { modalities: [...modality] }),
    ...(since !== undefined && { sinceUs: timeOf('--since', since) }),
    ...(until !== undefined && { untilUs: timeOf('--until', until) }),
  };
}

function fileAsBase64(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > MAX_EXAMPLE_BYTES)
      throw new UsageError('EXAMPLE_TOO_LARGE', `${path}: ${size} bytes; an example has at most ${MAX_EXAMPLE_BYTES}`);
    return readFileSync(path).toString('base64');
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError('EXAMPLE_UNREADABLE', `${path}: the example cannot be read (${messageOf(cause)})`, { cause });
  }
}

function parseMoment(given: string): { source: string; timeUs: number } {
  const at = given.lastIndexOf('@');
  if (at < 1) throw new UsageError('BAD_SEARCH', `--moment "${given}" is no SOURCE@TIME; write e.g. front@2026-03-01T22:14:05`);
  return { source: given.slice(0, at), timeUs: timeOf('--moment', given.slice(at + 1)) };
}

function timeOf(option: string, given: string): number {
  const us = /^\d{12,}$/.test(given) ? Number(given) : Date.parse(given) * 1000;
  if (Number.isFinite(us)) return us;
  throw new UsageError('BAD_SEARCH', `${option} "${given}" is no time; write 2026-03-01T22:00, or microseconds since the epoch`);
}

/** What is asked: a memory or a recording. */
interface OpenPast {
  search(query: MemoryQuery): Promise<MemoryAnswer>;
  moment(source: string, timeUs: number): Promise<SpaceVector | undefined>;
}

/** A memory where there is one, else recordings. */
async function openPast(path: string): Promise<OpenPast> {
  const memory = [memoryDir(path), path].find(
    (dir) => existsSync(dir) && statSync(dir).isDirectory() && (dir !== path || path.endsWith('memory')),
  );
  if (memory) {
    const store = new MemoryStore(memory, { maxBytes: Number.POSITIVE_INFINITY, maxAgeUs: Number.POSITIVE_INFINITY });
    for (const reason of store.unreadable) process.stderr.write(`edgebind: left out: ${reason}\n`);
    return {
      search: (query) => Promise.resolve(store.search(query)),
      moment: (source, timeUs) => Promise.resolve(store.moment(source, timeUs)),
    };
  }
  if (!existsSync(path))
    throw new UsageError('NO_MEMORY', `--in ${path} is not there; name the state folder of a config, or a recording.mcap`);
  const recording = await openRecording([path]);
  return {
    search: async (query) => {
      if (recording.session.space.id !== query.space) throw new SpaceMismatchError(query.space, recording.session.space.id);
      return searchRecording(recording, query);
    },
    moment: (source, timeUs) => momentOfRecording(recording, source, timeUs),
  };
}

function inWords({ hits, searched, otherSpace }: PastAnswer): string {
  const rows = hits.map(({ score, source, modality, startUs, endUs }) => [
    score.toFixed(3),
    source,
    modality,
    new Date(startUs / 1000).toISOString().replace('T', ' ').slice(0, 23),
    `${((endUs - startUs) / 1e6).toFixed(2)} s`,
  ]);
  const others = otherSpace > 0 ? `; ${otherSpace} of another space were not compared` : '';
  return `${textTable([['score', 'source', 'sense', 'begins (UTC)', 'length'], ...rows], ['right', 'left', 'left', 'left', 'right'])}${searched} windows searched${others}\n`;
}
