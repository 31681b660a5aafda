import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { serverNowMs } from '../data/server-clock.ts';
import { state } from '../data/state.ts';
import { raisedNow, type FeedEntry } from '../lib/alert-feed.ts';
import { duration } from '../lib/format.ts';
import { useStore } from '../lib/store.ts';
import { noticedBy } from '../lib/words.ts';
import { useTick } from './use-tick.ts';

/** The one sentence that a person who just woke up needs: is anything wrong now? Also keeps the tab's title and icon true. */
export function Banner(): VNode {
  const raised = raisedNow(useStore(state.feed));
  const sources = useStore(state.sources);
  const rules = useStore(state.rules);
  const isConnected = useStore(state.connection).state === 'open';
  const refused = useStore(state.refusedModel);
  const collapsed = sources.filter((source) => source.collapsed).map((source) => source.id);
  useTabBadge(raised.length);
  const dead = sources.filter((source) => source.state !== 'live').map((source) => source.id);
  const [mood, words] = sentence(isConnected, raised.length, rules.length, dead, collapsed);
  return (
    <section class={`banner ${mood}`} aria-label="Summary">
      <p role="status">{words}</p>
      {refused && (
        <p class="refused" title={`${refused.dir}: ${refused.code}`}>
          The new model is refused, the one before goes on: {refused.reason}
        </p>
      )}
      {raised.map((entry) => (
        <Raised key={entry.id} entry={entry} />
      ))}
    </section>
  );
}

function sentence(
  isConnected: boolean,
  raised: number,
  rules: number,
  dead: readonly string[],
  collapsed: readonly string[],
): [mood: string, words: string] {
  if (!isConnected) return ['warn', 'No connection: what you see is old'];
  if (raised > 0) return ['danger', raised === 1 ? '1 alert is raised' : `${raised} alerts are raised`];
  if (dead.length > 0) return ['warn', `No alert, but not every sensor is live: ${dead.join(', ')}`];
  if (collapsed.length > 0)
    return ['warn', `No alert, but the model answers everything from ${collapsed.join(', ')} alike: it is blind there`];
  if (rules === 0) return ['calm', 'All sensors are live. Nothing is watched for yet: describe something below'];
  return ['calm', 'All quiet'];
}

function Raised({ entry: { raised } }: { readonly entry: FeedEntry }): VNode {
  useTick();
  return (
    <span class="raised-chip">
      <b>{raised.query}</b> {noticedBy(raised.modality, raised.source)}, for {duration(serverNowMs() - raised.endUs / 1000)}
    </span>
  );
}

function useTabBadge(raised: number): void {
  useEffect(() => {
    document.title = raised > 0 ? `(${raised}) EdgeBind` : 'EdgeBind';
    const icon = document.querySelector<HTMLLinkElement>('#icon');
    if (icon) icon.href = raised > 0 ? './icon-alert.svg' : './icon.svg';
  }, [raised]);
}
