import type { MemoryAnswer, MemoryHit, MemoryQuery } from '../memory/memory-store.ts';
import type { Recording } from '../recording/open-recording.ts';
import { candidatesFor, MERGE_US, mergeMoments } from '../space/search/merge-moments.ts';
import { TopList } from '../space/search/top-list.ts';
import { awayFrom, MOMENT_US } from '../core/moment.ts';
import { similarity, type SpaceVector } from '../space/vector.ts';

/** The moments of a recording that are most like a vector, as `MemoryStore.search` finds those of a memory; in constant memory. */
export async function searchRecording(recording: Recording, query: MemoryQuery): Promise<MemoryAnswer> {
  const { space, vector, top, sinceUs = -Infinity, untilUs = Infinity, sources, modalities, mergeUs = MERGE_US } = query;
  const asked = { space, vector };
  const best = new TopList<MemoryHit>(candidatesFor(top));
  let [searched, otherSpace] = [0, 0];
  for await (const event of recording.events({ kinds: ['embedding'], ...(sources && { sources }) })) {
    if (event.kind !== 'embedding') continue;
    const { embedding } = event;
    const { source, modality, startUs, endUs } = embedding;
    if (endUs < sinceUs || startUs >= untilUs || (modalities && !modalities.includes(modality))) continue;
    if (embedding.space !== space || embedding.vector.length !== vector.length) {
      otherSpace++;
      continue;
    }
    searched++;
    const score = similarity(asked, embedding);
    if (score > best.floor) best.push(score, { source, modality, startUs, endUs, score });
  }
  return {
    hits: mergeMoments(
      best.sorted().map(({ item }) => item),
      top,
      mergeUs,
    ),
    searched,
    otherSpace,
    sources: recording.sources.map(({ id }) => id),
  };
}

/** What a source gave at a moment of a recording: the vector of its nearest window within 2 s; of several that hold it the first. */
export async function momentOfRecording(recording: Recording, source: string, timeUs: number): Promise<SpaceVector | undefined> {
  let best: { readonly away: number; readonly found: SpaceVector } | undefined;
  for await (const event of recording.events({ kinds: ['embedding'], sources: [source] })) {
    if (event.kind !== 'embedding') continue;
    const { space, vector } = event.embedding;
    const away = awayFrom(event.embedding, timeUs);
    if (away < (best?.away ?? MOMENT_US)) best = { away, found: { space, vector } };
  }
  return best?.found;
}
