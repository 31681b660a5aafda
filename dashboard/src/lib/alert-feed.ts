import type { Alert } from '../../../src/core/types.ts';

/** One alert from raise to clear. */
export interface FeedEntry {
  readonly id: string;
  readonly raised: Alert;
  readonly cleared?: Alert;
}

/** Newest first. `cursor` is the newest change seen: what comes at or below it again is a double. */
export interface Feed {
  readonly entries: readonly FeedEntry[];
  readonly cursor: number;
}

export const EMPTY_FEED: Feed = { entries: [], cursor: 0 };

/** Takes one change of an alert into the feed; keeps the newest `keep` entries, and raised ones before cleared ones. */
export function addAlert(feed: Feed, alert: Alert, keep = 200): Feed {
  if (alert.cursor <= feed.cursor) return feed;
  const known = feed.entries.findIndex((entry) => entry.id === alert.id && !entry.cleared);
  const entry = feed.entries[known];
  let entries: readonly FeedEntry[];
  if (alert.state === 'raised') entries = [{ id: alert.id, raised: alert }, ...feed.entries.filter((_, i) => i !== known)];
  else if (entry) entries = feed.entries.with(known, { ...entry, cleared: alert });
  // Its raise lies before what the log still holds.
  else entries = [{ id: alert.id, raised: alert, cleared: alert }, ...feed.entries];
  return { entries: entries.length > keep ? trim(entries, keep) : entries, cursor: alert.cursor };
}

/** Alerts that are raised now. */
export const raisedNow = (feed: Feed): readonly FeedEntry[] => feed.entries.filter((entry) => !entry.cleared);

function trim(entries: readonly FeedEntry[], keep: number): readonly FeedEntry[] {
  const oldestCleared = entries.findLastIndex((entry) => entry.cleared !== undefined);
  return oldestCleared < 0 ? entries.slice(0, keep) : entries.toSpliced(oldestCleared, 1);
}
