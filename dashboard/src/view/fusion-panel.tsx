import type { VNode } from 'preact';
import { serverNowMs } from '../data/server-clock.ts';
import { state } from '../data/state.ts';
import { duration } from '../lib/format.ts';
import { fusionRows } from '../lib/fusion-rows.ts';
import { useStore } from '../lib/store.ts';
import { senseName } from '../lib/words.ts';

/** A tick so old is no longer what is. */
const OLD_MS = 10_000;

/** Who is in the fused vector now and what each weighs; nothing where nothing is fused. */
export function FusionPanel(): VNode | null {
  const fusion = useStore(state.fusion);
  const sources = useStore(state.sources);
  if (!fusion) return null;
  const rows = fusionRows(fusion, sources);
  const oldMs = serverNowMs() - fusion.endUs / 1000;
  const isJoint = Object.keys(fusion.weights).length === 0;
  return (
    <section class="card fusion" aria-labelledby="fusion-title">
      <h2 id="fusion-title">All senses together</h2>
      <p class={`small${oldMs > OLD_MS ? ' bad' : ''}`} role="status">
        {oldMs > OLD_MS
          ? `Nothing has been fused for ${duration(oldMs)}: what is there weighs nothing, or is missing.`
          : isJoint
            ? 'One vector of these, joined by the model itself.'
            : 'One vector of these, each with what it weighs now.'}
      </p>
      <ul>
        {rows.map(({ source, modality, weight, isMissing, why }) => (
          <li key={source} class={isMissing ? 'missing' : why ? 'weak' : ''} data-source={source}>
            <span class="who">
              {source} <span class="kind">{senseName(modality)}</span>
            </span>
            {weight !== undefined && <meter min={0} max={1} value={weight} aria-label={`Weight of ${source}`} />}
            <span class="share">{isMissing ? '–' : weight === undefined ? 'in' : `${Math.round(100 * weight)} %`}</span>
            <span class="why">{why}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
