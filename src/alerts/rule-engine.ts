import type { Alert, Score, Sense } from '../core/types.ts';
import { cosine, type SpaceVector } from '../space/vector.ts';
import { AlertState } from './alert-state.ts';
import { clearBelow, queryWords, type Rule } from './rule.ts';

/** An alert before the log gives it its cursor. */
export type AlertDraft = Omit<Alert, 'cursor'>;

/** What can be judged: an embedding of a source, or the fused vector. */
export interface Judged extends SpaceVector {
  readonly source: string;
  readonly modality: Sense;
  readonly startUs: number;
  readonly endUs: number;
}

export interface Verdict {
  readonly scores: readonly Score[];
  readonly changes: readonly AlertDraft[];
}

/** A rule with its query as a vector, and what each source has made of it so far. */
interface ActiveRule {
  readonly rule: Rule;
  readonly query: SpaceVector;
  readonly sources: Map<string, Watch>;
}

interface Watch {
  readonly state: AlertState;
  /** The alert that is raised now. */
  raised: AlertDraft | undefined;
}

/** Scores each embedding against the rules that listen to its source, and turns scores into changes of alerts. */
export class RuleEngine {
  readonly #rules = new Map<string, ActiveRule>();

  get rules(): readonly Rule[] {
    return [...this.#rules.values()].map((active) => active.rule);
  }

  /** Each rule with its query as a vector. */
  get queries(): readonly { readonly rule: Rule; readonly query: SpaceVector }[] {
    return [...this.#rules.values()];
  }

  /**
   * Adds or replaces a rule. Raised alerts of the old rule go on if the new one has the same query; else they are cleared.
   *
   * @returns the clears
   */
  set(rule: Rule, query: SpaceVector): AlertDraft[] {
    const old = this.#rules.get(rule.id);
    const isSameQuery = old !== undefined && JSON.stringify(old.rule.query) === JSON.stringify(rule.query);
    const cleared = isSameQuery ? this.#clearWhere(old, (watch) => !listens(rule, watch)) : this.delete(rule.id);
    this.#rules.set(rule.id, { rule, query, sources: isSameQuery ? old.sources : new Map<string, Watch>() });
    return cleared;
  }

  /** Takes a rule out. Returns the clears of what it had raised. */
  delete(id: string): AlertDraft[] {
    const active = this.#rules.get(id);
    if (!active) return [];
    this.#rules.delete(id);
    return this.#clearWhere(active, () => true);
  }

  /**
   * Goes on with an alert that was raised before a restart.
   *
   * @returns its clear where no rule listens to that source any more
   */
  restore(raised: AlertDraft): AlertDraft[] {
    const active = this.#rules.get(raised.rule);
    if (!active || !listens(active.rule, raised)) return [{ ...raised, state: 'cleared' }];
    const watch = this.#watch(active, raised.source);
    watch.state.restore();
    watch.raised = raised;
    return [];
  }

  /** Clears what a source that is gone had raised. */
  forget(source: string): AlertDraft[] {
    return [...this.#rules.values()].flatMap((active) => this.#clearWhere(active, (raised) => raised.source === source));
  }

  /** @throws SpaceMismatchError where a rule's query is of another space than the embedding */
  judge(embedding: Judged): Verdict {
    const scores: Score[] = [];
    const changes: AlertDraft[] = [];
    for (const active of this.#rules.values()) {
      const { rule } = active;
      if (!listens(rule, embedding)) continue;
      const score = cosine(active.query, embedding);
      const { source, modality, startUs, endUs } = embedding;
      scores.push({ rule: rule.id, source, modality, score, threshold: rule.threshold, startUs, endUs });
      const watch = this.#watch(active, source);
      const change = watch.state.step(score, endUs, { ...rule, clearBelow: clearBelow(rule) });
      if (!change) continue;
      const id = watch.raised?.id ?? `${rule.id}-${source}-${endUs}`;
      const draft = {
        id,
        rule: rule.id,
        state: change,
        source,
        modality,
        score,
        threshold: rule.threshold,
        startUs,
        endUs,
        query: queryWords(rule.query),
      };
      watch.raised = change === 'raised' ? draft : undefined;
      changes.push(draft);
    }
    return { scores, changes };
  }

  #watch(active: ActiveRule, source: string): Watch {
    let watch = active.sources.get(source);
    if (!watch) {
      watch = { state: new AlertState(), raised: undefined };
      active.sources.set(source, watch);
    }
    return watch;
  }

  #clearWhere(active: ActiveRule, unwanted: (raised: AlertDraft) => boolean): AlertDraft[] {
    const clears: AlertDraft[] = [];
    for (const watch of active.sources.values()) {
      if (!watch.raised || !unwanted(watch.raised)) continue;
      clears.push({ ...watch.raised, state: 'cleared' });
      watch.raised = undefined;
      watch.state.reset();
    }
    return clears;
  }
}

/** Whether the rule's `on` names this source or its modality. */
const listens = (rule: Rule, { source, modality }: { source: string; modality: string }): boolean =>
  rule.on.includes(source) || rule.on.includes(modality);
