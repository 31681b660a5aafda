import type { VNode } from 'preact';
import { api, type Feedback } from '../data/api.ts';
import { state } from '../data/state.ts';
import type { FeedEntry } from '../lib/alert-feed.ts';
import { clockTime, dayOf, isToday, duration, level } from '../lib/format.ts';
import { useStore } from '../lib/store.ts';
import { noticedBy } from '../lib/words.ts';

/** Alerts, newest first. */
export function Feed(): VNode {
  const { entries } = useStore(state.feed);
  const newest = entries[0];
  return (
    <section class="card feed" aria-labelledby="feed-title">
      <h2 id="feed-title">Alerts</h2>
      <p class="unseen" aria-live="assertive">
        {newest && !newest.cleared ? `Alert: ${newest.raised.query}, ${noticedBy(newest.raised.modality, newest.raised.source)}` : ''}
      </p>
      {entries.length === 0 ? (
        <p class="empty">None yet. When something matches a prompt it appears here, with the time and the sensor that noticed.</p>
      ) : (
        <ol tabIndex={0} aria-label="Alerts, newest first">
          {entries.map((entry) => (
            <Entry key={`${entry.id}/${entry.raised.cursor}`} entry={entry} />
          ))}
        </ol>
      )}
    </section>
  );
}

function Entry({ entry: { raised, cleared } }: { readonly entry: FeedEntry }): VNode {
  const atMs = raised.endUs / 1000;
  return (
    <li class={cleared ? 'cleared' : 'raised'} data-rule={raised.rule}>
      <i class="dot" />
      <div>
        <p>
          <b>{raised.query}</b>
          <span class="badge">{cleared ? 'cleared' : 'raised'}</span>
        </p>
        <p class="small">
          {noticedBy(raised.modality, raised.source)}
          {cleared ? `, lasted ${duration((cleared.endUs - raised.endUs) / 1000)}` : ', still going on'}
        </p>
        <Verdict alert={raised.id} />
        <p class="small">
          <time>{isToday(atMs) ? clockTime(atMs) : `${dayOf(atMs)}, ${clockTime(atMs)}`}</time>
          <span title="score when it was raised, and the rule's level">
            {' '}
            score {level(raised.score)} over {level(raised.threshold)}
          </span>
        </p>
      </div>
    </li>
  );
}

/** "Seen" keeps score of what somebody has looked at; "was it right?" moves the level of rules that learn, and is counted. */
function Verdict({ alert }: { readonly alert: string }): VNode {
  const { right, acknowledged } = useStore(state.said).get(alert) ?? {};
  const say = async (feedback: Feedback): Promise<void> => {
    try {
      await api.say(alert, feedback);
      state.said.update((said) => new Map(said).set(alert, { ...said.get(alert), ...feedback }));
    } catch {
      // The buttons stay as they were: it can be said again.
    }
  };
  return (
    <p class="small verdict">
      <button
        type="button"
        class="link-button"
        aria-pressed={acknowledged === true}
        disabled={acknowledged === true}
        onClick={() => void say({ acknowledged: true })}
      >
        {acknowledged ? '✓ seen' : 'mark as seen'}
      </button>
      <span role="group" aria-label="Was it right?">
        {' · right? '}
        <button type="button" class="link-button" aria-pressed={right === true} onClick={() => void say({ right: true })}>
          {right === true ? '✓ yes' : 'yes'}
        </button>{' '}
        <button type="button" class="link-button" aria-pressed={right === false} onClick={() => void say({ right: false })}>
          {right === false ? '✓ no' : 'no'}
        </button>
      </span>
    </p>
  );
}
