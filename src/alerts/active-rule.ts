import { createHash } from 'node:crypto';
import { SpaceMismatchError } from '../core/errors.ts';
import { similarity, type SpaceVector } from '../space/vector.ts';
import type { Alert, AlertUpdate, Score, Sense, SenseScore } from '../core/types.ts';
import { AlertState, type AlertChange } from './alert-state.ts';
import type { Standing } from '../core/checkpoint.ts';
import type { KeptBackgrounds } from './kept-backgrounds.ts';
import { queryWords } from './query.ts';
import { QuietClock } from './quiet-hours.ts';
import type { Rule } from './rule.ts';
import { Watch, type Moment } from './watch.ts';

/** An alert before the log gives it its cursor. */
export type AlertDraft = Omit<Alert, 'cursor'>;

/** What can be judged: an embedding of a source, or the fused vector. */
export interface Judged extends SpaceVector {
  readonly source: string;
  readonly modality: Sense;
  readonly startUs: number;
  readonly endUs: number;
  readonly errorUs: number;
}

/** An alert from raise to clear. */
interface Raised {
  readonly draft: AlertDraft;
  peak: number;
  peakUs: number;
}

/** What the rules made of one window so far. */
export interface OpenVerdict {
  /** Absent: nobody hears scores now, and none are made. */
  readonly scores?: Score[] | undefined;
  readonly changes: AlertDraft[];
  readonly updates: AlertUpdate[];
}

/** Of a rule by several sources, the terms of the one alert: up is 1, not up 0. */
const TOGETHER = { threshold: 1, clearBelow: 1, holdMs: 0 };
/** After a restart sensors are heard again one after the other, within so long. */
const RETURN_US = 5e6;
/** Key of the alert of a rule by several sources; no source has this id. */
const ALL = '';

/** A rule in force: its query as a vector of each space in service, and what each source has made of it so far. */
export class ActiveRule {
  readonly watches = new Map<string, Watch>();
  /** The newest space first; empty for novelty and disagreement. */
  readonly queries: readonly SpaceVector[];
  readonly #kept: KeptBackgrounds;
  readonly #keys = new Map<string, string>();
  readonly #raised = new Map<string, Raised>();
  readonly #quiet: QuietClock | undefined;
  readonly #words: string;
  #together = new AlertState();
  #rule: Rule;
  #newestUs = Number.NEGATIVE_INFINITY;
  /** After a restart: until then the other sources are not missed. NaN: it is counted from the next window on. */
  #heardUs = Number.NEGATIVE_INFINITY;

  /**
   * @param queries the query in each space in service, the newest first; empty for novelty and disagreement
   * @param kept where backgrounds of other spaces wait
   */
  constructor(rule: Rule, queries: readonly SpaceVector[], kept: KeptBackgrounds) {
    this.#rule = rule;
    this.queries = queries;
    this.#kept = kept;
    this.#words = queryWords(rule.query);
    this.#quiet = rule.quietHours && new QuietClock(rule.quietHours);
  }

  get rule(): Rule {
    return this.#rule;
  }

  /** Changes with the query and the space: what was learnt under another key says nothing. */
  keyIn(space: string): string {
    let key = this.#keys.get(space);
    if (key === undefined) {
      key = keyOf(this.#rule, space);
      this.#keys.set(space, key);
    }
    return key;
  }

  /** Goes on from the rule that this one replaces; both have the same query. */
  adopt(old: ActiveRule): void {
    for (const [source, watch] of old.watches) {
      watch.adopt(this.#rule);
      this.watches.set(source, watch);
    }
    for (const [source, raised] of old.#raised) this.#raised.set(source, raised);
    this.#together = old.#together;
  }

  /** Whether the rule's `on` names this source or its modality. */
  listensTo({ source, modality }: { readonly source: string; readonly modality: Sense }): boolean {
    const pair = this.#rule.query.disagreement;
    if (pair) return pair[0] === source;
    return this.#rule.on.includes(source) || this.#rule.on.includes(modality);
  }

  /** Whether a source of it was up, at the latest now, at the earliest so long ago. */
  wasUp(nowUs: number, withinMs: number): boolean {
    for (const { upUs } of this.watches.values()) if (upUs <= nowUs && upUs >= nowUs - withinMs * 1000) return true;
    return false;
  }

  /** The watch of a source, in the space that its vectors are of now. */
  watch(source: string, modality: Sense, space: string): Watch {
    let watch = this.watches.get(source);
    if (watch?.space === space) return watch;
    const { id, falseAlarmsPerDay: perDay } = this.#rule;
    const cells = this.#kept.take(id, source, this.keyIn(space))?.cells;
    if (watch) {
      this.#kept.put({ rule: id, source, modality, key: this.keyIn(watch.space), perDay, cells: watch.background.cells });
      watch.enter(space, this.#rule, cells);
    } else {
      watch = new Watch(source, modality, space, this.#rule, cells);
      this.watches.set(source, watch);
    }
    return watch;
  }

  /**
   * The query in a space; undefined for novelty and disagreement.
   *
   * @throws SpaceMismatchError where it is not known in that space
   */
  queryIn(space: string): SpaceVector | undefined {
    const query = this.queries.find((one) => one.space === space);
    if (!query && this.queries.length > 0) throw new SpaceMismatchError(this.queries.map((one) => one.space).join(' or '), space);
    return query;
  }

  /** @throws SpaceMismatchError where the query is not known in the space of the vector */
  similarity(judged: SpaceVector): number {
    const query = this.queryIn(judged.space);
    return query ? Math.fround(similarity(query, judged)) : Number.NaN;
  }

  /**
   * Judges a score of a source, and puts what follows into the verdict.
   *
   * @param comesAfter whether the rule that this one waits for was up
   */
  judge(score: number, watch: Watch, at: Moment, comesAfter: boolean, { scores, changes, updates }: OpenVerdict): void {
    const rule = this.#rule;
    const mayRaise = comesAfter && !this.#quiet?.isQuiet(at.endUs);
    watch.judge(score, at, rule, mayRaise && !rule.atLeast);
    scores?.push(watch.fact(rule));
    if (rule.silent) return;
    const drafted = rule.atLeast ? this.#gather(watch, at, mayRaise) : this.#draft(watch.source, watch.change, watch, at);
    const update = drafted || this.#raised.size === 0 ? undefined : this.#heighten(rule.atLeast ? ALL : watch.source, watch, at);
    if (drafted) changes.push(drafted);
    if (update) updates.push(update);
  }

  /** Goes on with an alert that was raised before a restart. */
  restore(raised: AlertDraft, space: string): void {
    if (this.#rule.atLeast) {
      this.#together.restore();
      this.#heardUs = Number.NaN;
    } else this.watch(raised.source, raised.modality, space).state.restore();
    this.#raised.set(this.#rule.atLeast ? ALL : raised.source, { draft: raised, peak: raised.score, peakUs: raised.endUs });
  }

  /** Goes on with the cooldown after an alert that was cleared before a restart. */
  rest(cleared: AlertDraft, space: string): void {
    const { cooldownMs, atLeast } = this.#rule;
    (atLeast ? this.#together : this.watch(cleared.source, cleared.modality, space).state).rest(cleared.endUs, cooldownMs);
  }

  /** Whether no score is on its way to an alert: whoever begins here with what is learnt and logged decides the same. */
  isSettled(nowUs: number): boolean {
    const { atLeast } = this.#rule;
    if (!this.#together.isQuiet && !this.#together.isRaised) return false;
    for (const { state, upUs } of this.watches.values())
      if ((!state.isQuiet && !state.isRaised) || (atLeast && upUs >= nowUs - atLeast.withinMs * 1000)) return false;
    return true;
  }

  /** Puts down what is raised, and when it was up. */
  stand({ peaks, ups }: Standing): void {
    const rule = this.#rule.id;
    for (const [key, { peak, peakUs }] of this.#raised) peaks.push({ rule, key, peak, peakUs });
    for (const { source, upUs } of this.watches.values()) if (Number.isFinite(upUs)) ups.push({ rule, source, upUs });
  }

  /** Takes back what `stand` put down. */
  resume({ peaks, ups }: Standing): void {
    for (const { rule, key, peak, peakUs } of peaks) {
      const raised = rule === this.#rule.id ? this.#raised.get(key) : undefined;
      if (raised) Object.assign(raised, { peak, peakUs });
    }
    this.#heardUs = Number.NEGATIVE_INFINITY;
    for (const { rule, source, upUs } of ups) {
      const watch = rule === this.#rule.id ? this.watches.get(source) : undefined;
      if (watch) watch.upUs = upUs;
    }
  }

  /** Clears what is raised where `unwanted` says so. */
  clear(unwanted: (raised: AlertDraft) => boolean): AlertDraft[] {
    const clears: AlertDraft[] = [];
    for (const [key, raised] of this.#raised) {
      if (!unwanted(raised.draft)) continue;
      clears.push(clearOf(raised, raised.draft));
      this.#raised.delete(key);
      (key === ALL ? this.#together : this.watches.get(key)?.state)?.reset();
    }
    return clears;
  }

  /** The one alert of a rule by several sources: raised while enough of them were up within the time. */
  #gather(watch: Watch, at: Moment, mayRaise: boolean): AlertDraft | undefined {
    const { atLeast, cooldownMs } = this.#rule;
    if (!atLeast) return undefined;
    this.#newestUs = Math.max(this.#newestUs, at.endUs);
    const up: SenseScore[] = [];
    for (const { upUs, sense } of this.watches.values()) if (sense && upUs >= this.#newestUs - atLeast.withinMs * 1000) up.push(sense);
    if (Number.isNaN(this.#heardUs)) this.#heardUs = this.#newestUs + RETURN_US + atLeast.withinMs * 1000;
    const isTogether = up.length >= atLeast.sources || (this.#together.isRaised && this.#newestUs < this.#heardUs);
    const change = this.#together.step(isTogether ? 1 : 0, this.#newestUs, { ...TOGETHER, cooldownMs }, mayRaise);
    if (change === undefined) return undefined;
    const draft = this.#draft(ALL, change, watch, at);
    return draft && (change === 'raised' ? { ...draft, senses: up } : draft);
  }

  #draft(key: string, change: AlertChange, { source, modality, background, score, threshold }: Watch, at: Moment): AlertDraft | undefined {
    if (change === undefined) return undefined;
    const raised = this.#raised.get(key);
    const perDay = background.perDayAt(score);
    const draft: AlertDraft = {
      id: raised?.draft.id ?? `${this.#rule.id}-${key === ALL ? '' : `${source}-`}${at.endUs}`,
      rule: this.#rule.id,
      state: change,
      source,
      modality,
      score,
      threshold,
      startUs: at.startUs,
      endUs: at.endUs,
      query: this.#words,
      errorUs: at.errorUs,
      ...(perDay !== undefined && { perDay }),
    };
    if (change === 'raised') {
      this.#raised.set(key, { draft, peak: score, peakUs: at.endUs });
      return draft;
    }
    this.#raised.delete(key);
    // While the rule was silent nobody was told of the raise.
    return raised && clearOf(raised, draft);
  }

  #heighten(key: string, { score, source, modality }: Watch, { endUs }: Moment): AlertUpdate | undefined {
    const raised = this.#raised.get(key);
    if (!raised || score <= raised.peak) return undefined;
    raised.peak = score;
    raised.peakUs = endUs;
    return { id: raised.draft.id, rule: this.#rule.id, source, modality, peak: score, peakUs: endUs };
  }
}

const clearOf = ({ peak, peakUs, draft: { source, modality } }: Raised, draft: AlertDraft): AlertDraft => {
  const { senses: _, ...rest } = draft;
  return { ...rest, source, modality, state: 'cleared', peak, peakUs };
};

/** What has the same key was learnt from the same query in the same space. */
const keyOf = ({ query }: Rule, space: string): string =>
  createHash('sha256')
    .update(JSON.stringify([space, query]))
    .digest('hex')
    .slice(0, 16);
