import type { VNode } from 'preact';
import { scoreDelayMs } from '../data/live.ts';
import { serverNowMs } from '../data/server-clock.ts';
import { state } from '../data/state.ts';
import { clockTime, dayOf, delay } from '../lib/format.ts';
import { useStore } from '../lib/store.ts';
import { useTick } from './use-tick.ts';

/** Name, connection in words, the joint space, sensors alive, delay, and the device's time. */
export function Header(): VNode {
  const connection = useStore(state.connection);
  const sources = useStore(state.sources);
  const live = connection.state === 'open' ? sources.filter((source) => source.state === 'live').length : 0;
  const [space, before] = useStore(state.spaces);
  return (
    <header class="top">
      <h1>
        <Logo />
        EdgeBind
      </h1>
      <Connection />
      <ul class="facts">
        <li class={live < sources.length ? 'warn' : ''}>
          <b>
            {live} of {sources.length}
          </b>{' '}
          sensors live
        </li>
        {space && (
          <li title={`all sensors and prompts meet in this joint space; id ${space.id}`}>
            space <b>{space.name}</b>, {space.dim} numbers
            {before && `, from ${before.name === space.name ? before.id.slice(0, 6) : before.name}`}
          </li>
        )}
        <Delay />
      </ul>
      <Clock />
    </header>
  );
}

function Connection(): VNode {
  const connection = useStore(state.connection);
  const words = {
    connecting: 'connecting',
    open: 'connected',
    reconnecting: 'connection lost, trying again',
    closed: 'closed',
  }[connection.state];
  const reason = connection.state === 'reconnecting' || connection.state === 'closed' ? connection.reason : undefined;
  return (
    <span class={`state link ${connection.state}`} title={reason} role="status">
      <i class="dot" />
      {words}
    </span>
  );
}

function Delay(): VNode | null {
  useTick();
  const loopMs = useStore(state.loopMs);
  const lateMs = scoreDelayMs();
  return (
    <>
      {lateMs !== undefined && (
        <li title="from the end of what a sensor sensed to its score on this page">
          delay <b>{delay(Math.max(0, lateMs))}</b>
        </li>
      )}
      {loopMs !== undefined && (
        <li title="delay of the server's event loop, 99th percentile">
          loop <b>{loopMs.toFixed(1)} ms</b>
        </li>
      )}
    </>
  );
}

function Clock(): VNode {
  useTick();
  const now = serverNowMs();
  return (
    <time class="clock" title="time of the device that runs EdgeBind, in this browser's time zone">
      <b>{clockTime(now)}</b>
      <span>{dayOf(now)}</span>
    </time>
  );
}

const Logo = (): VNode => (
  <svg viewBox="0 0 32 32" aria-hidden="true" class="logo">
    <rect width="32" height="32" rx="8" />
    <path d="M6 10c6 0 6 6 10 6m-10 6c6 0 6-6 10-6m0 0h10" />
    <circle cx="25" cy="16" r="3.2" />
  </svg>
);
