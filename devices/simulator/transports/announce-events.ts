import type { EventKind } from '../scene.ts';
import type { DeviceContext } from './device-context.ts';

/** An event begins or ends. Times are microseconds since the epoch. */
export interface Announcement {
  readonly event: EventKind;
  readonly title: string;
  readonly state: 'begins' | 'ends';
  readonly timeUs: number;
  /** When it ends; the same as `timeUs` at its end. */
  readonly endUs: number;
}

/** Calls back at each beginning and end of an event of the scene, round after round. Returns the way to stop. */
export function announceEvents({ scene, clock, originUs }: DeviceContext, announce: (announcement: Announcement) => void): () => void {
  const marks = scene.events
    .flatMap(({ kind, title, startSeconds, durationSeconds }) => {
      const end = startSeconds + durationSeconds;
      return [
        { event: kind, title, state: 'begins' as const, at: startSeconds, end },
        { event: kind, title, state: 'ends' as const, at: end, end },
      ];
    })
    .sort((a, b) => a.at - b.at);
  let cancel = (): void => undefined;
  const plan = (index: number): void => {
    const mark = marks[index % marks.length];
    if (!mark) return;
    const roundUs = originUs + Math.floor(index / marks.length) * scene.loopSeconds * 1e6;
    const timeUs = Math.round(roundUs + mark.at * 1e6);
    cancel = clock.after(Math.max(0, (timeUs - clock.nowUs()) / 1000), () => {
      announce({ event: mark.event, title: mark.title, state: mark.state, timeUs, endUs: Math.round(roundUs + mark.end * 1e6) });
      plan(index + 1);
    });
  };
  // What is past when the scene is entered in its middle is not told.
  const passed = clock.nowUs() - originUs;
  const rounds = Math.floor(passed / (scene.loopSeconds * 1e6));
  plan(rounds * marks.length + marks.filter((mark) => (rounds * scene.loopSeconds + mark.at) * 1e6 < passed).length);
  return () => {
    cancel();
  };
}
