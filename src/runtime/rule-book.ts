import { join } from 'node:path';
import type { FileAlertLog } from '../alerts/alert-log.ts';
import type { RuleEngine } from '../alerts/rule-engine.ts';
import { ruleBodySchema, type Rule } from '../alerts/rule.ts';
import { readLiveRules, writeLiveRules, type LiveRules } from '../alerts/rule-store.ts';
import { EdgeBindError, UsageError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import type { Alert } from '../core/types.ts';
import type { SpaceVector } from '../space/vector.ts';

export interface RuleBookOptions {
  readonly engine: RuleEngine;
  readonly log: FileAlertLog;
  readonly stateDir: string;
  /** Turns a rule's query into a vector of the present space. */
  readonly embed: (rule: Rule) => Promise<SpaceVector>;
  /** Names that `on` may hold: modalities and ids of sources. */
  readonly known: () => ReadonlySet<string>;
  /** Told of each alert that a change of rules clears. */
  readonly onAlert: (alert: Alert) => void;
  /** Told when other rules are in force. */
  readonly onRules?: () => void;
}

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
      this.#fromConfig = rules;
      await this.#apply();
    });
  }

  /**
   * Adds or replaces a rule live.
   *
   * @throws UsageError with what is wrong; the running rules are untouched then
   */
  async put(id: string, body: unknown): Promise<Rule> {
    const parsed = ruleBodySchema.safeParse(body);
    if (!parsed.success) {
      throw new UsageError(
        'INVALID_RULE',
        parsed.error.issues.map((issue) => `${issue.path.join('.') || 'rule'}: ${issue.message}`).join('; '),
      );
    }
    const rule = { ...parsed.data, id };
    const known = this.#options.known();
    for (const name of rule.on) {
      if (known.has(name)) continue;
      const close = nearest(name, known);
      throw new UsageError(
        'UNKNOWN_SOURCE',
        `on: "${name}" is neither a modality nor the id of a source; ${close ? `did you mean "${close}"?` : `known: ${[...known].join(', ')}`}`,
      );
    }
    await this.#inTurn(async () => {
      const query = await this.#options.embed(rule);
      const isNew = !this.list().some((other) => other.id === id);
      if (isNew && this.list().length >= MAX_RULES)
        throw new UsageError('TOO_MANY_RULES', `there are ${MAX_RULES} rules already: delete one first`);
      this.#store({
        put: [...this.#live.put.filter((other) => other.id !== id), rule],
        deleted: this.#live.deleted.filter((other) => other !== id),
      });
      this.#tell(this.#options.engine.set(rule, query));
    });
    return rule;
  }

  /** @throws EdgeBindError `UNKNOWN_RULE` */
  async delete(id: string): Promise<void> {
    await this.#inTurn(() => {
      if (!this.list().some((rule) => rule.id === id)) throw new EdgeBindError('UNKNOWN_RULE', `there is no rule "${id}"`);
      const isFromConfig = this.#fromConfig.some((rule) => rule.id === id);
      this.#store({
        put: this.#live.put.filter((rule) => rule.id !== id),
        deleted: isFromConfig ? [...new Set([...this.#live.deleted, id])] : this.#live.deleted,
      });
      this.#tell(this.#options.engine.delete(id));
      return Promise.resolve();
    });
  }

  async #apply(): Promise<void> {
    const wanted = new Map(this.#fromConfig.filter((rule) => !this.#live.deleted.includes(rule.id)).map((rule) => [rule.id, rule]));
    for (const rule of this.#live.put) wanted.set(rule.id, rule);
    const inForce = new Map(this.list().map((rule) => [rule.id, JSON.stringify(rule)]));
    // All queries first: one that cannot be embedded must leave the running rules as they are.
    const changed = [...wanted.values()].filter((rule) => inForce.get(rule.id) !== JSON.stringify(rule));
    const vectors: (readonly [Rule, SpaceVector])[] = [];
    for (const rule of changed) vectors.push([rule, await this.#options.embed(rule)]);
    for (const id of inForce.keys()) if (!wanted.has(id)) this.#tell(this.#options.engine.delete(id));
    for (const [rule, vector] of vectors) this.#tell(this.#options.engine.set(rule, vector));
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
