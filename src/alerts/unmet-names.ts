import { nearest } from '../core/nearest.ts';
import type { Rule } from './rule.ts';

/** What rules can name: what is configured now. */
export interface Nameable {
  readonly sources: readonly { readonly id: string; readonly modality: string }[];
  /** Names that `on` may hold: modalities, ids of sources, and `fused` where vectors are fused. */
  readonly names: ReadonlySet<string>;
  /** The other rules; this one may be among them as it was. */
  readonly rules: readonly Rule[];
}

export interface UnmetName {
  readonly code: 'UNKNOWN_SOURCE' | 'UNKNOWN_RULE_NAMED' | 'RULES_WAIT' | 'TOO_FEW_SOURCES';
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What keeps a rule from ever being raised: names of nothing, a circle of rules that wait for each other, more sources than there are. */
export function* unmetNames(rule: Rule, { sources, names, rules }: Nameable): Iterable<UnmetName> {
  const { on, after, atLeast } = rule;
  const { disagreement: pair, moment } = rule.query;
  for (const [i, name] of on.entries())
    if (!names.has(name))
      yield {
        code: 'UNKNOWN_SOURCE',
        path: ['on', i],
        message: `"${name}" is neither a modality nor the id of a source; ${hint(name, names)}`,
      };
  const fused = names.has('fused') ? ['fused'] : [];
  const ids = [...sources.map(({ id }) => id), ...fused];
  const named: (readonly [(string | number)[], string])[] = (pair ?? []).map((name, i) => [['query', 'disagreement', i], name]);
  if (moment) named.push([['query', 'moment', 'source'], moment.source]);
  for (const [path, name] of named)
    if (!ids.includes(name))
      yield { code: 'UNKNOWN_SOURCE', path, message: `there is no source with the id "${name}"; ${hint(name, ids)}` };
  const listening = sources.filter(({ id, modality }) => on.includes(id) || on.includes(modality));
  const heard = [...listening.map(({ id }) => id), ...(on.includes('fused') ? fused : [])];
  if (atLeast && heard.length < atLeast.sources)
    yield {
      code: 'TOO_FEW_SOURCES',
      path: ['atLeast', 'sources'],
      message: `${atLeast.sources} are wanted, and "on" names ${heard.length === 0 ? 'none' : `only ${heard.length}: ${heard.join(', ')}`}; it would never be raised`,
    };
  if (!after) return;
  const others = rules.filter(({ id }) => id !== rule.id);
  if (!others.some(({ id }) => id === after.rule)) {
    const known = others.map(({ id }) => id);
    yield {
      code: 'UNKNOWN_RULE_NAMED',
      path: ['after', 'rule'],
      message: `there is no other rule "${after.rule}"${known.length === 0 ? '' : `; ${hint(after.rule, known)}`}`,
    };
    return;
  }
  const chain = [rule.id];
  for (let next = after.rule; ;) {
    const isKnown = chain.includes(next);
    chain.push(next);
    if (isKnown) break;
    const further = others.find(({ id }) => id === next)?.after;
    if (!further) return;
    next = further.rule;
  }
  yield {
    code: 'RULES_WAIT',
    path: ['after', 'rule'],
    message: `${chain.join(' waits for ')}: none of them would ever be raised`,
  };
}

function hint(name: string, known: Iterable<string>): string {
  const all = [...known];
  const close = nearest(name, all);
  return close ? `did you mean "${close}"?` : `known: ${all.join(', ')}`;
}
