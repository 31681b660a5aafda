import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { appendWhole } from './append-whole.ts';
import { EdgeBindError, messageOf } from '../core/errors.ts';
import type { Clock } from '../core/time.ts';
import { Background } from '../space/background.ts';
import type { Kept } from '../space/familiar.ts';
import type { ActiveRule } from './active-rule.ts';
import { readRecords, RecordWriter, type BackgroundName } from './background-records.ts';
import { fileHeader, frameOf, framesIn } from './record-file.ts';
import type { EngineJournal, RuleEngine } from './rule-engine.ts';
import type { Watch } from './watch.ts';

const FLUSH_MS = 1000;
/** A base is written when the journal has grown so far and is larger than the last base, or is so old. */
const JOURNAL_BYTES = 16 * 1024 * 1024;
const JOURNAL_MS = 600_000;
/** Backgrounds written at a stretch before others get a turn. */
const AT_ONCE = 32;

export interface BackgroundStoreOptions {
  readonly dir: string;
  readonly clock: Clock;
  /** Told once when nothing can be written any more, and once when it can again (undefined). Alerts go on either way. */
  readonly onProblem: (problem: string | undefined) => void;
}

/**
 * Keeps what backgrounds learn, so that a crash costs at most a second of it: each score goes into a journal, flushed once a second; from
 * time to time all backgrounds are written as a new base, and older journals go. Files are `N.base` and `N.log` in `state/backgrounds`;
 * reading a score twice does no harm, because a background passes over what is not later than what it has.
 */
export class BackgroundStore implements EngineJournal {
  readonly #options: BackgroundStoreOptions;
  readonly #engine: RuleEngine;
  readonly #writer = new RecordWriter();
  #number: number;
  #fd: number | undefined;
  #bytes = 0;
  #baseBytes = 0;
  #nextIndex = 0;
  #firstIndex = 0;
  #basedMs = 0;
  #isBasing = false;
  #problem: string | undefined;
  #cancel: (() => void) | undefined;

  private constructor(options: BackgroundStoreOptions, engine: RuleEngine, number: number) {
    this.#options = options;
    this.#engine = engine;
    this.#number = number;
  }

  /**
   * Gives the engine what was kept, and keeps from now on. BEFORE any rule is set.
   *
   * @throws EdgeBindError `STATE_NEWER`, `STATE_UNREADABLE`; a folder that cannot be written is told to `onProblem`
   */
  static open(engine: RuleEngine, options: BackgroundStoreOptions): BackgroundStore {
    const files = filesIn(options.dir);
    const base = Math.max(-1, ...files.filter(({ kind }) => kind === 'base').map(({ number }) => number));
    const backgrounds = new Map<string, { name: BackgroundName; background: Background }>();
    /** By rule and source, of whatever query and space. */
    const newest = new Map<string, Background>();
    const placeOf = ({ rule, source }: { rule: string; source: string }): string => `${rule}\u0000${source}`;
    const put = (name: BackgroundName, cells?: Float64Array): Background => {
      const background = new Background(name.perDay, cells);
      backgrounds.set(`${placeOf(name)}\u0000${name.key}`, { name, background });
      newest.set(placeOf(name), background);
      return background;
    };
    const backgroundOf = (name: BackgroundName): Background => {
      const known = backgrounds.get(`${placeOf(name)}\u0000${name.key}`);
      return known?.name === name ? known.background : put(name, known?.background.cells);
    };
    for (const { path, number, kind } of files) {
      if (kind === 'base' ? number !== base : number < base) continue;
      const names = new Map<number, BackgroundName>();
      for (const body of framesIn(readFileSync(path), path)) {
        readRecords(body, names, {
          cells: put,
          score: (name, score, endUs, isUp) => backgroundOf(name).push(score, endUs, isUp),
          verdict: ({ alarmUs, isRight, ...whose }) => newest.get(placeOf(whose))?.judge(alarmUs, isRight),
          familiar: (source, space, kept) => engine.takeBackFamiliar(source, space, kept),
        });
      }
    }
    for (const { name, background } of backgrounds.values()) engine.takeBack({ ...name, cells: background.cells });
    const store = new BackgroundStore(options, engine, Math.max(-1, ...files.map(({ number }) => number)) + 1);
    store.#begin();
    engine.keepIn(store);
    store.#schedule();
    return store;
  }

  score(active: ActiveRule, watch: Watch, score: number, endUs: number, isUp: boolean): void {
    if (watch.journalIndex < this.#firstIndex) {
      watch.journalIndex = this.#nextIndex++;
      const { source, modality } = watch;
      const { id, falseAlarmsPerDay: perDay } = active.rule;
      this.#writer.name(watch.journalIndex, {
        rule: id,
        source,
        modality,
        key: active.keyIn(watch.space),
        ...(perDay !== undefined && { perDay }),
      });
    }
    this.#writer.score(watch.journalIndex, score, endUs, isUp);
  }

  verdict(rule: string, source: string, alarmUs: number, isRight: boolean): void {
    this.#writer.verdict({ rule, source, alarmUs, isRight });
    // A person has spoken: that is kept at once.
    this.#flush();
  }

  familiar(source: string, space: string, kept: Kept): void {
    this.#writer.familiar(source, space, kept);
  }

  /** Writes everything; nothing is kept afterwards. */
  async close(): Promise<void> {
    this.#cancel?.();
    this.#flush();
    await this.#base();
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #schedule(): void {
    this.#cancel = this.#options.clock.after(FLUSH_MS, () => {
      this.#flush();
      const isDue =
        this.#bytes > Math.max(JOURNAL_BYTES, this.#baseBytes) || this.#options.clock.nowUs() / 1000 - this.#basedMs > JOURNAL_MS;
      if (isDue && !this.#isBasing) void this.#base();
      this.#schedule();
    });
  }

  #flush(): void {
    const body = this.#writer.take();
    if (body.length === 0 && this.#fd !== undefined) return;
    try {
      if (this.#fd === undefined) this.#begin();
      if (this.#fd === undefined) return;
      const frame = frameOf(body);
      appendWhole(this.#fd, frame);
      this.#bytes += frame.length;
      this.#tell(undefined);
    } catch (error) {
      // Whatever the disk has made of it: what comes later goes into another file.
      this.#endFile();
      this.#tell(messageOf(error));
    }
  }

  /** A new journal; names are announced again in it. */
  #begin(): void {
    try {
      mkdirSync(this.#options.dir, { recursive: true });
      this.#fd = openSync(join(this.#options.dir, `${this.#number}.log`), 'w');
      appendWhole(this.#fd, fileHeader());
      this.#bytes = 0;
      this.#firstIndex = this.#nextIndex;
      this.#basedMs = this.#options.clock.nowUs() / 1000;
      this.#number++;
    } catch (error) {
      this.#endFile();
      this.#tell(messageOf(error));
    }
  }

  #endFile(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    // What is in no file of its own name must be announced again.
    this.#firstIndex = this.#nextIndex;
  }

  /** All backgrounds as a new base, a few at a time; scores that come meanwhile are in the journal that begins before it. */
  async #base(): Promise<void> {
    this.#isBasing = true;
    const { dir } = this.#options;
    try {
      this.#flush();
      this.#endFile();
      this.#begin();
      const number = this.#number - 1;
      const next = join(dir, `${number}.base.next`);
      const file = await open(next, 'w');
      try {
        await file.appendFile(fileHeader());
        const writer = new RecordWriter();
        let [count, bytes] = [0, 0];
        const put = async (): Promise<void> => {
          if (writer.size === 0) return;
          const frame = frameOf(writer.take());
          await file.appendFile(frame);
          bytes += frame.length;
        };
        for (const { cells, perDay, ...name } of this.#engine.backgrounds()) {
          writer.cells({ ...name, ...(perDay !== undefined && { perDay }) }, cells);
          if (++count % AT_ONCE === 0) await put();
        }
        for (const { source, space, kept } of this.#engine.familiars()) {
          writer.familiar(source, space, kept);
          if (++count % AT_ONCE === 0) await put();
        }
        await put();
        await file.sync();
        this.#baseBytes = bytes;
      } finally {
        await file.close();
      }
      renameSync(next, join(dir, `${number}.base`));
      for (const old of filesIn(dir)) if (old.number < number) rmSync(old.path, { force: true });
    } catch (error) {
      this.#tell(messageOf(error));
    } finally {
      this.#isBasing = false;
    }
  }

  #tell(problem: string | undefined): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#options.onProblem(problem);
  }
}

interface StateFile {
  readonly path: string;
  readonly number: number;
  readonly kind: 'base' | 'log';
}

/** In the order in which they are to be read: a base before the journal that began with it. */
function filesIn(dir: string): StateFile[] {
  let names: string[];
  try {
    names = readdirSync(dir);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw new EdgeBindError('STATE_UNREADABLE', `${dir}: cannot be read (${messageOf(error)})`, { cause: error });
  }
  return names
    .flatMap((name): StateFile[] => {
      const match = /^(\d{1,12})\.(base|log)$/.exec(name);
      return match ? [{ path: join(dir, name), number: Number(match[1]), kind: match[2] === 'base' ? 'base' : 'log' }] : [];
    })
    .sort((a, b) => a.number - b.number || (a.kind === 'base' ? -1 : 1));
}
