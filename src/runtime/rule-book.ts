import { join } from 'node:path';
import type { FileAlertLog } from '../alerts/alert-log.ts';
import { partsOf } from '../alerts/query.ts';
import type { RuleEngine } from '../alerts/rule-engine.ts';
import { idSchema, ruleBodySchema, type Rule } from '../alerts/rule.ts';
import { unmetNames, type Nameable } from '../alerts/unmet-names.ts';
import type { PastScores, Trial } from '../alerts/try-out.ts';
import { readLiveRules, writeLiveRules, type LiveRules } from '../alerts/rule-store.ts';
import { EdgeBindError, UsageError } from '../core/errors.ts';
import { issueWords } from '../core/issue-words.ts';
import type { Alert } from '../core/types.ts';
import type { SpaceVector } from '../space/vector.ts';

export interface RuleBookOptions {
  readonly engine: RuleEngine;
  readonly log: FileAlertLog;
  readonly stateDir: string;
  /** Whoever can turn a rule's query into a vector, one for each space in service, the newest first; at least one. */
  readonly models: () => readonly RuleModel[];
  /** What the last day scores against a query, where it is remembered. */
  readonly remembered?: ((query: SpaceVector) => Promise<readonly PastScores[]>) | undefined;
  /** What a rule may name. */
  readonly nameable: () => Omit<Nameable, 'rules'>;
  /** Told of each alert that a change of rules clears. */
  readonly onAlert: (alert: Alert) => void;
  /** Told when other rules are in force. */
  readonly onRules?: () => void;
  /** Told of each change of a rule that was made live. */
  readonly onChange: (change: RuleChange) => void;
  /** Told of each rule put live earlier that cannot be put into force today: what it looks for is gone, or of another space. */
  readonly onLeftOut: (rule: Rule, error: unknown) => void;
}

/** Turns queries into vectors of one space. */
export interface RuleModel {
  readonly space: string;
  /** Undefined for queries that compare with the past. */
  readonly embed: (rule: Rule) => Promise<SpaceVector | undefined>;
}

/** A change of a rule, for the audit. */
export interface RuleChange {
  readonly what: 'put' | 'delete';
  readonly rule: string;
  readonly by: string;
  readonly before?: Rule;
  readonly now?: Rule;
}

const looksIntoThePast = (rule: Rule): boolean =>
  partsOf(rule.query).some(({ part }) => part.moment !== undefined || part.event !== undefined);

/** More rules than that are a mistake or an attack. */
const MAX_RULES = 2000;

/** The rules in force: those of the config, and over them what was put or deleted live, which outlives restarts. */
export class RuleBook {
  readonly #options: RuleBookOptions;
  readonly #path: string;
  #fromConfig: readonly Rule[] = [];
  #live: LiveRules;
  /** Changes are made one after the other: embedding a query takes a while. */
  #turn: Promise<unknown> = Promise.resolve();

  /** @throws EdgeBindError where the state folder holds rules that cannot be read */
  constructor(options: RuleBookOptions) {
    this.#options = options;
    this.#path = join(options.stateDir, 'rules.json');
    this.#live = readLiveRules(this.#path);
  }

  list(): readonly Rule[] {
    return this.#options.engine.rules;
  }

  /** Puts the config's rules into force, at start and after each edit. Live changes stay on top. */
  async configure(rules: readonly Rule[]): Promise<void> {
    await this.#inTurn(async () => {
      const before = this.#fromConfig;
      this.#fromConfig = rules;
      try {
        await this.#apply();
      } catch (error) {
        this.#fromConfig = before;
        throw error;
      }
    });
  }

  /** Makes the rules known in each space in service, and forgets the others. */
  async refresh(): Promise<void> {
    await this.#inTurn(() => this.#apply());
  }

  /**
   * Adds or replaces a rule live.
   *
   * @param by who asks, for the audit
   * @throws UsageError with what is wrong; the running rules are untouched then
   */
  async put(id: string, body: unknown, by: string): Promise<Rule> {
    const rule = this.#parse(id, body);
    await this.#inTurn(async () => {
      const queries = await this.#queries(rule, []);
      const before = this.list().find((other) => other.id === id);
      if (!before && this.list().length >= MAX_RULES)
        throw new UsageError('TOO_MANY_RULES', `there are ${MAX_RULES} rules already: delete one first`);
      const past = looksIntoThePast(rule) ? queries.map((query) => ({ rule: id, ...query })) : [];
      this.#store({
        put: [...this.#live.put.filter((other) => other.id !== id), rule],
        deleted: this.#live.deleted.filter((other) => other !== id),
        past: [...this.#live.past.filter((other) => other.rule !== id), ...past],
      });
      this.#tell(this.#options.engine.set(rule, ...queries));
      this.#options.onChange({ what: 'put', rule: id, by, ...(before && { before }), now: rule });
    });
    return rule;
  }

  /**
   * What a rule would have done on what is kept of the past, without putting it into force.
   *
   * @throws UsageError as `put` does
   */
  async tryOut(id: string, body: unknown): Promise<readonly Trial[]> {
    const rule = this.#parse(id, body);
    const query = await this.#options.models()[0]?.embed(rule);
    return this.#options.engine.tryOut(rule, query, query && (await this.#options.remembered?.(query)));
  }

  /** @throws EdgeBindError `UNKNOWN_RULE`; UsageError `RULE_NEEDED` where another rule waits for it */
  async delete(id: string, by: string): Promise<void> {
    await this.#inTurn(() => {
      const before = [...this.list(), ...this.#live.put].find((rule) => rule.id === id);
      if (!before) throw new EdgeBindError('UNKNOWN_RULE', `there is no rule "${id}"`);
      const waiting = this.list().filter(({ after }) => after?.rule === id);
      if (waiting.length > 0)
        throw new UsageError(
          'RULE_NEEDED',
          `"after" of ${waiting.map((rule) => rule.id).join(', ')} names "${id}": change or delete ${waiting.length === 1 ? 'that rule' : 'those rules'} first`,
        );
      const isFromConfig = this.#fromConfig.some((rule) => rule.id === id);
      this.#store({
        put: this.#live.put.filter((rule) => rule.id !== id),
        deleted: isFromConfig ? [...new Set([...this.#live.deleted, id])] : this.#live.deleted,
        past: this.#live.past.filter((other) => other.rule !== id),
      });
      this.#tell(this.#options.engine.delete(id));
      this.#options.onChange({ what: 'delete', rule: id, by, before });
      return Promise.resolve();
    });
  }

  #parse(id: string, body: unknown): Rule {
    const parsed = ruleBodySchema.safeParse(body);
    if (!parsed.success) {
      throw new UsageError('INVALID_RULE', issueWords(parsed.error, 'rule'));
    }
    const wanted = idSchema.safeParse(id);
    if (!wanted.success) throw new UsageError('INVALID_RULE', `id: ${wanted.error.issues[0]?.message ?? 'not an id'}`);
    if (parsed.data.id !== undefined && parsed.data.id !== id)
      throw new UsageError(
        'INVALID_RULE',
        `id: the rule says "${parsed.data.id}", but is put as "${id}"; leave one out, or make them equal`,
      );
    const rule = { ...parsed.data, id };
    const [unmet] = unmetNames(rule, { ...this.#options.nameable(), rules: this.list() });
    if (unmet) throw new UsageError(unmet.code, `${unmet.path.join('.')}: ${unmet.message}`);
    return rule;
  }

  async #apply(): Promise<void> {
    const wanted = new Map(this.#fromConfig.filter((rule) => !this.#live.deleted.includes(rule.id)).map((rule) => [rule.id, rule]));
    for (const rule of this.#live.put) wanted.set(rule.id, rule);
    const inForce = new Map(this.list().map((rule) => [rule.id, JSON.stringify(rule)]));
    // All queries first: one that cannot be embedded must leave the running rules as they are.
    const changed: (readonly [Rule, readonly SpaceVector[]])[] = [];
    for (const rule of wanted.values()) {
      const isSame = inForce.get(rule.id) === JSON.stringify(rule);
      const isLive = this.#live.put.includes(rule);
      const kept = isLive ? this.#live.past.filter((one) => one.rule === rule.id) : [];
      const known = isSame ? this.#options.engine.queriesOf(rule.id) : kept;
      // What compares with the past has no vector in any space.
      if (isSame && known.length === 0) continue;
      let queries: readonly SpaceVector[];
      try {
        queries = await this.#queries(rule, known);
      } catch (error) {
        if (isSame || !isLive) throw error;
        // One rule that has lost what it looks for must not keep all others from watching.
        this.#options.onLeftOut(rule, error);
        continue;
      }
      if (!isSame || queries.length !== known.length || queries.some((query) => !known.includes(query))) changed.push([rule, queries]);
    }
    for (const id of inForce.keys()) if (!wanted.has(id)) this.#tell(this.#options.engine.delete(id));
    for (const [rule, queries] of changed) this.#tell(this.#options.engine.set(rule, ...queries));
  }

  /**
   * The query in each space in service; what is known is not embedded again.
   *
   * @throws UsageError where it is a vector of one space and another is needed, and what `embed` throws
   */
  async #queries(rule: Rule, known: readonly SpaceVector[]): Promise<readonly SpaceVector[]> {
    const models = this.#options.models();
    const isOfOneSpace = partsOf(rule.query).some(({ part }) => part.vector !== undefined);
    const isBetween = models.some(({ space }) => space !== models[0]?.space);
    const queries: SpaceVector[] = [];
    for (const { space, embed } of models) {
      if (queries.some((query) => query.space === space)) continue;
      const one = known.find((query) => query.space === space);
      if (!one && isOfOneSpace && (isBetween || known.length > 0))
        throw new UsageError(
          'VECTOR_OF_ONE_SPACE',
          `the rule "${rule.id}" looks for a vector from a file, which is of one space and cannot be embedded again in ${space}; give words or an example instead, or take the rule out before the model changes`,
        );
      const query = one ?? (await embed(rule));
      if (query) queries.push(query);
    }
    return queries;
  }

  #store(live: LiveRules): void {
    writeLiveRules(this.#path, live);
    this.#live = live;
  }

  #tell(clears: ReturnType<RuleEngine['delete']>): void {
    for (const clear of clears) this.#options.onAlert(this.#options.log.append(clear));
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(async () => {
      const result = await change();
      this.#options.onRules?.();
      return result;
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }
}
