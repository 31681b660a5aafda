import type { VNode } from 'preact';
import type { Calibration, Rule } from '../data/api.ts';
import { state } from '../data/state.ts';
import { useStore } from '../lib/store.ts';

/** What a rule with "at most N false alarms a day" knows, in a sentence. */
export function BackgroundHint({ rule }: { readonly rule: Rule }): VNode | null {
  const known = useStore(state.calibrations).filter((one) => one.rule === rule.id);
  const { falseAlarmsPerDay: asked } = rule;
  const judged = known[0] ? precision(known[0]) : '';
  if (asked === undefined) return judged ? <p class="hint">{judged}</p> : null;
  const learning = known.filter((one) => one.threshold === undefined);
  const share = learning.reduce((least, one) => Math.min(least, one.peaks / one.peaksNeeded), 1);
  return (
    <p class="hint background" data-learning={learning.length}>
      at most {asked} false {asked === 1 ? 'alarm' : 'alarms'} a day
      {known.length === 0 || learning.length > 0
        ? `: learning what is usual, ${Math.round(100 * (known.length === 0 ? 0 : share))} %${rule.threshold === undefined ? ' (no alerts till then)' : ''}`
        : ', by what was usual so far'}
      {known.some((one) => one.gaveUpUs !== undefined) && '; alerts came far more often, so the level went up: say which were right'}
      {judged && `; ${judged}`}
    </p>
  );
}

function precision({ right = 0, wrong = 0 }: Calibration): string {
  return right + wrong === 0 ? '' : `${right} of ${right + wrong} judged alerts were right`;
}
