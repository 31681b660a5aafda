import { connect, type Client, type ClientStatus, type Subscription } from '../../../src/client/index.ts';
import type { KnownModality } from '../../../src/core/types.ts';
import { addAlert, EMPTY_FEED } from '../lib/alert-feed.ts';
import { takeSample, takeScore } from './live.ts';
import { setServerTime } from './server-clock.ts';
import { state } from './state.ts';
import { token } from './token.ts';

/** So many past changes of alerts are fetched on arrival. */
const PAST_ALERTS = 300;
/** Pictures per second that a tile can show; sound and motion come complete. */
const SAMPLE_HZ: Readonly<Record<KnownModality, number>> = { image: 12, audio: 20, thermal: 10, depth: 10, imu: 20 };

/** Opens the stream and feeds the stores from it. Returns the way to end it. */
export function startSession(): () => void {
  const secret = token.get();
  const client = connect(location.origin, secret ? { token: secret, maxRetryMs: 5000 } : { maxRetryMs: 5000 });
  state.client.set(client);
  client.onStatus((status) => onStatus(client, status));
  client.onSpaces((spaces) => state.spaces.set(spaces));
  client.subscribe({ channel: 'alerts' }, (alert) => state.feed.update((feed) => addAlert(feed, alert)));
  client.subscribe({ channel: 'scores' }, takeScore);
  client.subscribe({ channel: 'status' }, ({ source, state: now, reason }) =>
    state.sources.update((sources) => sources.map((known) => (known.id === source ? { ...known, state: now, reason } : known))),
  );
  const stopSamples = samplesWhileVisible(client);
  return () => {
    stopSamples();
    client.close();
  };
}

function onStatus(client: Client, status: ClientStatus): void {
  state.connection.set(status);
  if (status.state !== 'open') return;
  const { hello } = status;
  setServerTime(hello.timeUs);
  const known = new Map(state.sources.get().map((source) => [source.id, source]));
  state.sources.set(hello.sources.map((source) => ({ reason: '', ...known.get(source.id), ...source })));
  const { cursor } = state.feed.get();
  // A log that ends before what was seen is another one; what the page shows is no longer true.
  if (cursor > hello.cursor) state.feed.set(EMPTY_FEED);
  if (cursor === 0 || cursor > hello.cursor) client.resume(Math.max(0, hello.cursor - PAST_ALERTS));
}

/** Raw samples cost the edge device most of what this page costs it: they are asked for only while somebody can see them. */
function samplesWhileVisible(client: Client): () => void {
  let running: readonly Subscription[] = [];
  const follow = (): void => {
    const isWanted = document.visibilityState === 'visible';
    if (isWanted === running.length > 0) return;
    for (const subscription of running) subscription.unsubscribe();
    running = isWanted ? subscribeSamples(client) : [];
  };
  follow();
  document.addEventListener('visibilitychange', follow);
  return () => document.removeEventListener('visibilitychange', follow);
}

const subscribeSamples = (client: Client): Subscription[] =>
  Object.entries(SAMPLE_HZ).map(([modality, maxHz]) =>
    client.subscribe({ channel: 'samples', modalities: [modality], maxHz }, takeSample, { onError: () => undefined }),
  );
