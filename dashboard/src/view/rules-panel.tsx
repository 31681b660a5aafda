import type { VNode } from 'preact';
import { state } from '../data/state.ts';
import { useStore } from '../lib/store.ts';
import { RuleCard } from './rule-card.tsx';

/** All rules with their scores. */
export function RulesPanel(): VNode {
  const rules = useStore(state.rules);
  return (
    <section aria-labelledby="rules-title">
      <h2 id="rules-title">Watched for</h2>
      {rules.length === 0 ? (
        <p class="card empty">Nothing yet. Type what you want to be told about, in your own words.</p>
      ) : (
        <div class="rules">
          {rules.map((rule) => (
            <RuleCard key={rule.id} rule={rule} />
          ))}
        </div>
      )}
    </section>
  );
}
