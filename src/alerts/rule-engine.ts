import type { AlertUpdate, Score, SenseScore } from '../core/types.ts';
import type { BackgroundReport } from '../space/background.ts';
import { Familiar, type Kept } from '../space/familiar.ts';
import { RecentVectors } from '../space/recent-vectors.ts';
import { cosine, type SpaceVector } from '../space/vector.ts';
import { ActiveRule, type AlertDraft, type Judged, type OpenVerdict } from './active-rule.ts';
import { Panel, packQueries, type PackedQueries } from './panel.ts';
import { tryOut, type Trial } from './try-out.ts';
import type { Rule } from './rule.ts';
import { Watch } from './watch.ts';

export interface Verdict {
  readonly scores: readonly Score[];
  readonly changes: readonly AlertDraft[];
  readonly updates: readonly AlertUpdate[];
}

/** Hears everything that backgrounds learn, so that they can be kept. */
export interface EngineJournal {
  score(active: ActiveRule, watch: Watch, score: number, endUs: number, isUp: boolean): void;
  verdict(rule: string, source: string, alarmUs: number, isRight: boolean): void;
  familiar(source: string, kept: Kept): void;
}

/** A background as it is kept and taken back. */
export interface KeptBackground {
  readonly rule: string;
  readonly source: string;
  readonly modality: Watch['modality'];
  /** See `ActiveRule.key`. */
  readonly key: string;
  readonly perDay?: number | undefined;
  readonly cells: Float64Array;
}

/** What a rule knows of a source, for people. */
export interface Calibration extends BackgroundReport {
  readonly rule: string;
  readonly source: string;
}

/** Windows of two sources further apart than that are not compared. */
const TOGETHER_US = 3e6;

/** Scores each embedding against the rules that listen to its source, and turns scores into changes of alerts. */
export class RuleEngine {
  readonly #rules = new Map<string, ActiveRule>();
  readonly #panels = new Map<string, Panel>();
  #packed: PackedQueries[] = [];
  readonly #recent = new Map<string, { readonly modality: Judged['modality']; readonly vectors: RecentVectors }>();
  readonly #familiar = new Map<string, Familiar>();
  readonly #newest = new Map<string, Judged>();
  readonly #kept = new Map<string, KeptBackground>();
  readonly #space: string;
  #journal: EngineJournal | undefined;

  /** @param space id of the space that is judged in: vectors of another are refused, and what was learnt in another is not used */
  constructor(space: string) {
    this.#space = space;
  }

  get rules(): readonly Rule[] {
    return [...this.#rules.values()].map(({ rule }) => rule);
  }

  /** From now on the journal hears what is learnt. */
  keepIn(journal: EngineJournal): void {
    this.#journal = journal;
  }

  /** Each rule with its query as a vector; novelty and disagreement have none. */
  get queries(): readonly (Partial<SpaceVector> & { readonly rule: Rule })[] {
    return [...this.#rules.values()].map(({ rule, query }) => ({ rule, ...query }));
  }

  /**
   * Adds or replaces a rule. Raised alerts and backgrounds of the old rule go on if the new one has the same query; else they are cleared,
   * and what the sources gave in the last half hour is the first background.
   *
   * @param query undefined for novelty and disagreement
   * @returns the clears
   */
  set(rule: Rule, query: SpaceVector | undefined): AlertDraft[] {
    const old = this.#rules.get(rule.id);
    const active = new ActiveRule(rule, query, this.#space);
    const goesOn = old?.key === active.key && (old.rule.atLeast === undefined) === (rule.atLeast === undefined);
    const cleared = goesOn ? old.clear((raised) => !active.listensTo(raised)) : this.delete(rule.id);
    if (goesOn) active.adopt(old);
    else this.#begin(active);
    this.#rules.set(rule.id, active);
    this.#layOut();
    return cleared;
  }

  /** Takes a rule out. Returns the clears of what it had raised. */
  delete(id: string): AlertDraft[] {
    const active = this.#rules.get(id);
    if (!active) return [];
    this.#rules.delete(id);
    this.#layOut();
    return active.clear(() => true);
  }

  /**
   * Goes on with an alert that was raised before a restart.
   *
   * @returns its clear where no rule listens to that source any more
   */
  restore(raised: AlertDraft): AlertDraft[] {
    const active = this.#rules.get(raised.rule);
    if (!active?.listensTo(raised)) return [{ ...raised, state: 'cleared' }];
    active.restore(raised);
    return [];
  }

  /** Goes on with the cooldown after an alert that was cleared before a restart. */
  rest(cleared: AlertDraft): void {
    const active = this.#rules.get(cleared.rule);
    if (active?.listensTo(cleared)) active.rest(cleared);
  }

  /** Clears what a source that is gone had raised. */
  forget(source: string): AlertDraft[] {
    return [...this.#rules.values()].flatMap((active) => active.clear((raised) => raised.source === source));
  }

  /** @throws SpaceMismatchError where a rule's query is of another space than the embedding */
  judge(embedding: Judged): Verdict {
    const verdict: OpenVerdict = { scores: [], changes: [], updates: [] };
    const panel = this.#panel(embedding);
    const { rules, watches } = panel;
    const similarities = panel.similarities(embedding);
    const novelty = this.#meet(embedding, rules);
    for (const [i, active] of rules.entries()) {
      const watch = watches[i];
      const score = this.#score(active, embedding, similarities[i] ?? 0, novelty);
      if (score === undefined || !watch) continue;
      const { after } = active.rule;
      const comesAfter = !after || this.#rules.get(after.rule)?.wasUp(embedding.endUs, after.withinMs) === true;
      active.judge(score, watch, embedding, comesAfter, verdict);
      this.#journal?.score(active, watch, score, embedding.endUs, watch.state.isUp);
    }
    return verdict;
  }

  /** Somebody says whether an alert was right: see `Background.judge`. */
  judgeAlert({ rule, source, endUs }: AlertDraft, isRight: boolean): void {
    this.#rules.get(rule)?.watches.get(source)?.background.judge(endUs, isRight);
    this.#journal?.verdict(rule, source, endUs, isRight);
  }

  /** What each rule knows of each source. */
  calibrations(): Calibration[] {
    return [...this.#rules.values()].flatMap(({ rule, watches }) =>
      [...watches.values()].map(({ source, background }) => ({ rule: rule.id, source, ...background.report() })),
    );
  }

  /** The background of a rule on a source. */
  background(rule: string, source: string): Watch['background'] | undefined {
    return this.#rules.get(rule)?.watches.get(source)?.background;
  }

  /** How often a rule would have been raised by what the sources gave in the last half hour, and by the peaks that are kept of it. */
  tryOut(rule: Rule, query: SpaceVector | undefined): Trial[] {
    const active = new ActiveRule(rule, query, this.#space);
    const running = this.#rules.get(rule.id);
    const known = running?.key === active.key ? running : undefined;
    return [...this.#recent].flatMap(([source, { modality, vectors }]) =>
      active.listensTo({ source, modality }) && query
        ? [
            tryOut(
              rule,
              source,
              modality,
              vectors,
              (vector) => active.similarity({ space: this.#space, vector }),
              known?.watches.get(source),
            ),
          ]
        : [],
    );
  }

  /** A past vector of a source, the nearest to a time; undefined where it is no longer kept. */
  past(source: string, timeUs: number): SpaceVector | undefined {
    let best: { readonly away: number; readonly vector: Float32Array } | undefined;
    for (const { startUs, endUs, vector } of this.#recent.get(source)?.vectors.all() ?? []) {
      const away = timeUs < startUs ? startUs - timeUs : Math.max(0, timeUs - endUs);
      if (away < 2e6 && away < (best?.away ?? Infinity)) best = { away, vector: vector.slice() };
    }
    return best && { space: this.#space, vector: best.vector };
  }

  /** What each source of a rule scored: when it was up, or last. */
  senses(rule: string): SenseScore[] {
    return [...(this.#rules.get(rule)?.watches.values() ?? [])].flatMap(({ sense }) => (sense ? [sense] : []));
  }

  /** The newest vector of a source. */
  newestOf(source: string): Judged | undefined {
    return this.#newest.get(source);
  }

  // -- What is kept, and taken back after a restart --

  *backgrounds(): Iterable<KeptBackground> {
    for (const { rule, key, watches } of this.#rules.values())
      for (const { source, modality, background } of watches.values())
        yield { rule: rule.id, source, modality, key, perDay: rule.falseAlarmsPerDay, cells: background.cells };
  }

  *familiars(): Iterable<{ readonly source: string; readonly kept: Kept }> {
    for (const [source, familiar] of this.#familiar) for (const kept of familiar.kept()) yield { source, kept };
  }

  /** A background of before; a rule of that key that is set later begins with it. BEFORE any rule is set. */
  takeBack(kept: KeptBackground): void {
    this.#kept.set(`${kept.rule}\u0000${kept.source}`, kept);
  }

  takeBackFamiliar(source: string, kept: Kept): void {
    this.#familiarOf(source).put(kept);
  }

  // -- Inside --

  #begin(active: ActiveRule): void {
    const { rule } = active;
    for (const [name, kept] of this.#kept) {
      if (kept.rule !== rule.id) continue;
      this.#kept.delete(name);
      if (kept.key === active.key && active.listensTo(kept))
        active.watches.set(kept.source, new Watch(kept.source, kept.modality, rule, kept.cells));
    }
    if (!active.query) return;
    for (const [source, { modality, vectors }] of this.#recent) {
      if (!active.listensTo({ source, modality }) || active.watches.has(source)) continue;
      const watch = active.watch(source, modality);
      for (const { endUs, vector } of vectors.all()) {
        const score = active.similarity({ space: this.#space, vector });
        const isUp = score >= (watch.background.threshold ?? Infinity);
        watch.background.push(score, endUs, isUp);
        this.#journal?.score(active, watch, score, endUs, isUp);
      }
    }
  }

  #panel(embedding: Judged): Panel {
    const { source, modality } = embedding;
    let panel = this.#panels.get(source);
    if (!panel) {
      const listening = [...this.#rules.values()].filter((active) => active.listensTo(embedding));
      const same = this.#packed.find(
        ({ rules, space }) =>
          space === embedding.space && rules.length === listening.length && rules.every((rule, i) => rule === listening[i]),
      );
      const packed = same ?? packQueries(listening, embedding);
      if (!same) this.#packed.push(packed);
      panel = new Panel(packed, source, modality);
      this.#panels.set(source, panel);
    }
    return panel;
  }

  /** Other rules are in force: what was laid out for the old ones is made anew. */
  #layOut(): void {
    this.#panels.clear();
    this.#packed = [];
  }

  #score({ rule: { query } }: ActiveRule, embedding: Judged, similarity: number, novelty: number): number | undefined {
    if (query.novelty) return novelty;
    if (!query.disagreement) return similarity;
    const other = this.#newest.get(query.disagreement[1]);
    if (!other || Math.abs(other.endUs - embedding.endUs) > TOGETHER_US) return undefined;
    return Math.fround(-cosine(embedding, other));
  }

  /** Remembers the vector; says how new it is, where a rule asks for that. */
  #meet(embedding: Judged, listening: readonly ActiveRule[]): number {
    const { source, modality, startUs, endUs, vector } = embedding;
    this.#newest.set(source, embedding);
    let recent = this.#recent.get(source);
    if (!recent) {
      recent = { modality, vectors: new RecentVectors(vector.length) };
      this.#recent.set(source, recent);
    }
    recent.vectors.push(startUs, endUs, vector);
    if (!listening.some(({ rule }) => rule.query.novelty)) return 0;
    return Math.fround(this.#familiarOf(source).meet(vector, endUs, (kept) => this.#journal?.familiar(source, kept)));
  }

  #familiarOf(source: string): Familiar {
    let familiar = this.#familiar.get(source);
    if (!familiar) {
      familiar = new Familiar();
      this.#familiar.set(source, familiar);
    }
    return familiar;
  }
}
