import type { AlertUpdate, Score, SenseScore } from '../core/types.ts';
import { awayFrom, MOMENT_US } from '../core/moment.ts';
import type { BackgroundReport } from '../space/background.ts';
import { Familiar, type Kept } from '../space/familiar.ts';
import { RecentVectors } from '../space/recent-vectors.ts';
import { normalise, similarity, type SpaceVector } from '../space/vector.ts';
import { ActiveRule, type AlertDraft, type Judged, type OpenVerdict } from './active-rule.ts';
import type { Standing } from '../core/checkpoint.ts';
import { KeptBackgrounds, type KeptBackground } from './kept-backgrounds.ts';
import { Panel, packQueries, type PackedQueries } from './panel.ts';
import { tryOut, type PastScores, type Trial } from './try-out.ts';
import type { Rule } from './rule.ts';
import type { Watch } from './watch.ts';

export interface Verdict {
  /** Of each rule that listens; none while nobody hears them: see `RuleEngine.tellScores`. */
  readonly scores: readonly Score[];
  readonly changes: readonly AlertDraft[];
  readonly updates: readonly AlertUpdate[];
}

/** Hears everything that backgrounds learn, so that they can be kept. */
export interface EngineJournal {
  score(active: ActiveRule, watch: Watch, score: number, endUs: number, isUp: boolean): void;
  verdict(rule: string, source: string, alarmUs: number, isRight: boolean): void;
  familiar(source: string, space: string, kept: Kept): void;
}

/** What a source gave lately, all of one space. */
interface Recent {
  readonly modality: Judged['modality'];
  readonly space: string;
  readonly vectors: RecentVectors;
}

/** What a source has been like, in one space. */
interface KnownFamiliar {
  readonly source: string;
  readonly space: string;
  readonly familiar: Familiar;
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
  readonly #recent = new Map<string, Recent>();
  readonly #familiar = new Map<string, KnownFamiliar>();
  readonly #newest = new Map<string, Judged>();
  readonly #kept = new KeptBackgrounds();
  #space: string;
  #journal: EngineJournal | undefined;
  #isHeard: () => boolean = () => true;

  /** @param space id of the space that is judged in: vectors of another are refused, and what was learnt in another is not used */
  constructor(space: string) {
    this.#space = space;
  }

  /** From now on rules begin in this space; those in force have to be set again with their queries in it. */
  enter(space: string): void {
    this.#space = space;
  }

  get rules(): readonly Rule[] {
    return [...this.#rules.values()].map(({ rule }) => rule);
  }

  /** Verdicts have scores only while somebody hears them: thousands a second that nobody reads cost more than the judging. */
  tellScores(isHeard: () => boolean): void {
    this.#isHeard = isHeard;
  }

  /** From now on the journal hears what is learnt. */
  keepIn(journal: EngineJournal): void {
    this.#journal = journal;
  }

  /** Each rule with its query as a vector of the newest space; novelty and disagreement have none. */
  get queries(): readonly (Partial<SpaceVector> & { readonly rule: Rule })[] {
    return [...this.#rules.values()].map(({ rule, queries: [query] }) => ({ rule, ...query }));
  }

  /** What a rule looks for in each space, the newest first; none for a rule that is not there, and for novelty and disagreement. */
  queriesOf(id: string): readonly SpaceVector[] {
    return this.#rules.get(id)?.queries ?? [];
  }

  /**
   * Adds or replaces a rule. Raised alerts and backgrounds of the old rule go on if the new one has the same query; else they are cleared,
   * and what the sources gave in the last half hour is the first background.
   *
   * @param queries the query in each space whose vectors may come, the newest first; none for novelty and disagreement
   * @returns the clears
   */
  set(rule: Rule, ...queries: readonly SpaceVector[]): AlertDraft[] {
    const old = this.#rules.get(rule.id);
    const active = new ActiveRule(rule, queries, this.#kept);
    const goesOn =
      old?.keyIn(this.#space) === active.keyIn(this.#space) && (old.rule.atLeast === undefined) === (rule.atLeast === undefined);
    const cleared = goesOn ? old.clear((raised) => rule.silent === true || !active.listensTo(raised)) : this.delete(rule.id);
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
    this.#kept.forget(id);
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
    if (!active?.listensTo(raised) || active.rule.silent) return [{ ...raised, state: 'cleared' }];
    active.restore(raised, this.#space);
    return [];
  }

  /** Goes on with the cooldown after an alert that was cleared before a restart. */
  rest(cleared: AlertDraft): void {
    const active = this.#rules.get(cleared.rule);
    if (active?.listensTo(cleared)) active.rest(cleared, this.#space);
  }

  /** Clears what a source that is gone had raised. */
  forget(source: string): AlertDraft[] {
    return [...this.#rules.values()].flatMap((active) => active.clear((raised) => raised.source === source));
  }

  /** @throws SpaceMismatchError where a rule's query is not known in the space of the embedding */
  judge(embedding: Judged): Verdict {
    const scores: Score[] = [];
    const verdict: OpenVerdict = { scores: this.#isHeard() ? scores : undefined, changes: [], updates: [] };
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
    return { ...verdict, scores };
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

  /**
   * How often a rule would have been raised by what the sources gave: in all that is remembered of them, or in the last half hour.
   *
   * @param remembered what the query scored on what a memory holds
   */
  tryOut(rule: Rule, query: SpaceVector | undefined, remembered: readonly PastScores[] = []): Trial[] {
    if (!query) return [];
    const { space } = query;
    const active = new ActiveRule(rule, [query], new KeptBackgrounds());
    const running = this.#rules.get(rule.id);
    const known = running?.keyIn(space) === active.keyIn(space) ? running : undefined;
    const longest = new Map<string, PastScores>();
    for (const past of [...this.#recentScores(active, space), ...remembered])
      if (active.listensTo(past) && past.scores.length > (longest.get(past.source)?.scores.length ?? 0)) longest.set(past.source, past);
    return [...longest.values()].map((past) => {
      const watch = known?.watches.get(past.source);
      return tryOut(rule, past, watch?.space === space ? watch : undefined);
    });
  }

  *#recentScores(active: ActiveRule, space: string): Iterable<PastScores> {
    for (const [source, { modality, vectors, ...of }] of this.#recent) {
      if (of.space !== space || !active.listensTo({ source, modality })) continue;
      const rows = Array.from(vectors.all(), ({ startUs, endUs, vector }) => ({
        startUs,
        endUs,
        score: active.similarity({ space, vector }),
      }));
      yield {
        source,
        modality,
        space,
        startUs: rows.map((row) => row.startUs),
        endUs: rows.map((row) => row.endUs),
        scores: rows.map(({ score }) => score),
      };
    }
  }

  /** A past vector of a source, the nearest to a time; undefined where it is no longer kept. */
  past(source: string, timeUs: number): SpaceVector | undefined {
    let best: { readonly away: number; readonly vector: Float32Array } | undefined;
    const recent = this.#recent.get(source);
    for (const { vector, ...window } of recent?.vectors.all() ?? []) {
      const away = awayFrom(window, timeUs);
      if (away < (best?.away ?? MOMENT_US)) best = { away, vector: normalise(vector) };
    }
    return recent && best && { space: recent.space, vector: best.vector };
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
    // The newest last: what is said later of a rule and its source is meant for that one.
    for (const kept of this.#kept.values()) if (this.#rules.has(kept.rule)) yield kept;
    for (const active of this.#rules.values()) {
      const { id, falseAlarmsPerDay: perDay } = active.rule;
      for (const { source, modality, space, background } of active.watches.values())
        yield { rule: id, source, modality, key: active.keyIn(space), perDay, cells: background.cells };
    }
  }

  *familiars(): Iterable<{ readonly source: string; readonly space: string; readonly kept: Kept }> {
    for (const { source, space, familiar } of this.#familiar.values()) for (const kept of familiar.kept()) yield { source, space, kept };
  }

  /** A background of before; a rule of that key that is set later begins with it. BEFORE any rule is set. */
  takeBack(kept: KeptBackground): void {
    this.#kept.put(kept);
  }

  /** @param space undefined: whoever kept it had one space only, this one */
  takeBackFamiliar(source: string, space: string | undefined, kept: Kept): void {
    this.#familiarOf(source, space ?? this.#space).put(kept);
  }

  /** Remembers a vector as one that came, without judging it. */
  see(embedding: Judged): void {
    this.#newest.set(embedding.source, embedding);
    this.#recentOf(embedding).push(embedding.startUs, embedding.endUs, embedding.vector, embedding.confidence);
  }

  /** What of the rules' state is neither learnt nor logged; undefined while a score is on its way to an alert. */
  standing(nowUs: number): Standing | undefined {
    const standing: Standing = { peaks: [], ups: [] };
    for (const active of this.#rules.values()) {
      if (!active.isSettled(nowUs)) return undefined;
      active.stand(standing);
    }
    return standing;
  }

  /** Goes on from what was known at another moment: see `standing` and `backgroundSnapshot`. */
  resume(
    backgrounds: Iterable<KeptBackground>,
    familiars: Iterable<{ source: string; space: string; kept: Kept }>,
    standing: Standing,
  ): void {
    for (const { rule, source, modality, key, cells } of backgrounds) {
      const active = this.#rules.get(rule);
      if (active?.keyIn(this.#space) === key && active.listensTo({ source, modality }))
        active.watch(source, modality, this.#space).resume(active.rule, cells);
    }
    const begun = new Set<string>();
    for (const { source, space, kept } of familiars) {
      if (!begun.has(source)) this.#familiar.set(familiarName(source, space), { source, space, familiar: new Familiar() });
      begun.add(source);
      this.#familiarOf(source, space).put(kept);
    }
    for (const active of this.#rules.values()) active.resume(standing);
  }

  // -- Inside --

  #recentOf({ source, modality, space, vector }: Judged): RecentVectors {
    let recent = this.#recent.get(source);
    if (recent?.space !== space) {
      recent = { modality, space, vectors: new RecentVectors(vector.length) };
      this.#recent.set(source, recent);
    }
    return recent.vectors;
  }

  #begin(active: ActiveRule): void {
    const { rule } = active;
    const key = active.keyIn(this.#space);
    for (const { source, modality } of [...this.#kept.values()].filter((kept) => kept.rule === rule.id && kept.key === key))
      if (active.listensTo({ source, modality })) active.watch(source, modality, this.#space);
    for (const [source, { modality, space, vectors }] of this.#recent) {
      if (!active.queries.some((query) => query.space === space)) continue;
      if (!active.listensTo({ source, modality }) || active.watches.has(source)) continue;
      const watch = active.watch(source, modality, space);
      for (const { endUs, vector } of vectors.all()) {
        const score = active.similarity({ space, vector });
        const isUp = score >= (watch.background.threshold ?? Infinity);
        watch.background.push(score, endUs, isUp);
        this.#journal?.score(active, watch, score, endUs, isUp);
      }
    }
  }

  #panel(embedding: Judged): Panel {
    const { source, modality } = embedding;
    let panel = this.#panels.get(source);
    if (panel?.space !== embedding.space) {
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

  #score({ rule: { query } }: ActiveRule, embedding: Judged, ofQuery: number, novelty: number): number | undefined {
    if (query.novelty) return novelty;
    if (!query.disagreement) return ofQuery;
    const other = this.#newest.get(query.disagreement[1]);
    if (other?.space !== embedding.space || Math.abs(other.endUs - embedding.endUs) > TOGETHER_US) return undefined;
    return Math.fround(-similarity(embedding, other));
  }

  /** Remembers the vector; says how new it is, where a rule asks for that. */
  #meet(embedding: Judged, listening: readonly ActiveRule[]): number {
    const { source, space, endUs, vector } = embedding;
    this.see(embedding);
    if (!listening.some(({ rule }) => rule.query.novelty)) return 0;
    return Math.fround(this.#familiarOf(source, space).meet(vector, endUs, (kept) => this.#journal?.familiar(source, space, kept)));
  }

  /** What a source has been like in a space; what it has been like in the space before that is kept too. */
  #familiarOf(source: string, space: string): Familiar {
    const name = familiarName(source, space);
    const known = this.#familiar.get(name);
    if (known) return known.familiar;
    const before = [...this.#familiar].filter(([, other]) => other.source === source);
    for (const [old] of before.slice(0, -1)) this.#familiar.delete(old);
    const familiar = new Familiar();
    this.#familiar.set(name, { source, space, familiar });
    return familiar;
  }
}

const familiarName = (source: string, space: string): string => `${source}\u0000${space}`;
