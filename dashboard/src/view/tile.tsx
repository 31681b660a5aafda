import type { VNode } from 'preact';
import type { SourceReport } from '../data/api.ts';
import { liveSource } from '../data/live.ts';
import { serverNowMs } from '../data/server-clock.ts';
import { state } from '../data/state.ts';
import { compactCount, duration, hertz } from '../lib/format.ts';
import { useStore } from '../lib/store.ts';
import { senseName, stateWords } from '../lib/words.ts';
import { HeatView } from './heat-view.tsx';
import { MotionView } from './motion-view.tsx';
import { PictureView } from './picture-view.tsx';
import { SoundView } from './sound-view.tsx';
import { useTick } from './use-tick.ts';

/** One sensor: what it senses now, whether it lives, how fast it is, and what it lost. */
export function Tile({ source }: { readonly source: SourceReport }): VNode {
  const isRaised = useStore(state.feed).entries.some((entry) => !entry.cleared && entry.raised.source === source.id);
  const isConnected = useStore(state.connection).state === 'open';
  const name = senseName(source.modality);
  // What the server said last is not what is true now.
  const [shown, words] = isConnected ? [source.state, source.state] : ['reconnecting', 'unknown'];
  return (
    <article class={`tile card${isRaised ? ' raised' : ''}`} aria-label={`${name} ${source.id}`} data-source={source.id}>
      <header>
        <h3 title={source.id}>{source.id}</h3>
        <span class="kind">{name}</span>
        <span class={`state ${shown}`} title={source.from}>
          <i class="dot" />
          {words}
        </span>
      </header>
      <div class="stage">
        <View source={source} />
        {isConnected ? <Waiting source={source} /> : <p class="over">no connection to the device</p>}
        {source.collapsed && (
          <p class="collapsed" role="status">
            the model answers everything here alike: alerts of this sensor mean nothing
          </p>
        )}
      </div>
      <Figures source={source} />
    </article>
  );
}

function View({ source: { id, modality } }: { readonly source: SourceReport }): VNode {
  const label = `live ${senseName(modality).toLowerCase()} view of ${id}`;
  switch (modality) {
    case 'image':
      return <PictureView source={id} label={label} />;
    case 'audio':
      return <SoundView source={id} label={label} />;
    case 'imu':
      return <MotionView source={id} label={label} />;
    case 'thermal':
    case 'depth':
      return <HeatView source={id} label={label} />;
    default:
      return <p class="over">no view of a sensor of your own: its scores are below</p>;
  }
}

/** Says over the picture why it stands still. */
function Waiting({ source }: { readonly source: SourceReport }): VNode | null {
  useTick();
  if (source.state !== 'live') return <p class="over">{stateWords(source.state, source.reason)}</p>;
  return liveSource(source.id).newest ? null : <p class="over">waiting for the first sample</p>;
}

function Figures({ source }: { readonly source: SourceReport }): VNode {
  useTick();
  const lost = useStore(state.ledger)
    .filter((line) => line.source === source.id)
    .reduce((sum, line) => sum + Object.values(line.dropped).reduce((own, count) => own + count, 0), 0);
  const newestUs = Math.max(source.newestUs ?? 0, liveSource(source.id).newest?.timeUs ?? 0);
  return (
    <dl class="figures">
      <div>
        <dt>rate</dt>
        <dd>{source.samplesHz === undefined ? '–' : hertz(source.samplesHz)}</dd>
      </div>
      <div title="time since the newest sample">
        <dt>age</dt>
        <dd>{newestUs === 0 ? '–' : duration(serverNowMs() - newestUs / 1000)}</dd>
      </div>
      <div title="vectors per second in the joint space">
        <dt>vectors</dt>
        <dd>{source.embeddingsHz === undefined ? '–' : hertz(source.embeddingsHz)}</dd>
      </div>
      <div title="samples and windows left out, each with its reason in the ledger below">
        <dt>lost</dt>
        <dd>{compactCount(lost)}</dd>
      </div>
    </dl>
  );
}
