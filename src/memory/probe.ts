import { reach, type ClusterTable } from '../space/search/cluster-table.ts';
import { TopList } from '../space/search/top-list.ts';
import type { SegmentSearch } from './segment-search.ts';
import type { Segment } from './segment.ts';

/** A segment in clusters. */
export interface Sealed {
  readonly segment: Segment;
  readonly table: ClusterTable;
}

/** A cluster, and the cosine that its rows reach at most. */
interface Place extends Sealed {
  readonly cluster: number;
  readonly most: number;
}

/** Clusters that are looked into before the others are compared with what they held; then twice as many, and so on. */
const FIRST = 64;

/**
 * Looks into the clusters that can hold something better than what is known, those first that reach highest, until none is left. How many
 * these are depends on the data: of scenes that stay few, of noise most. All rows count as within the time asked for.
 *
 * @throws SegmentChangedError
 */
export function probe(search: SegmentSearch, sealed: readonly Sealed[]): void {
  const first = new TopList<Place>(FIRST);
  const places: Place[] = [];
  for (const { segment, table } of sealed) {
    for (const [cluster, cosine] of search.toCentres(table).entries()) {
      const most = reach(cosine, table.least[cluster] ?? -1, table.most[cluster] ?? 1);
      const place = { segment, table, cluster, most };
      places.push(place);
      if (most > first.floor) first.push(most, place);
    }
  }
  const nearest = first.sorted().map(({ item }) => item);
  look(search, nearest);
  const seen = new Set(nearest);
  const rest = places.filter((place) => place.most > search.floor && !seen.has(place)).sort((a, b) => b.most - a.most);
  for (let from = 0, size = 2 * FIRST; from < rest.length; from += size, size *= 2) {
    const better = rest.slice(from, from + size).filter(({ most }) => most > search.floor);
    if (better.length === 0) return;
    look(search, better);
  }
}

/** Each segment once, its clusters as they lie in the file. */
function look(search: SegmentSearch, places: readonly Place[]): void {
  const wanted = new Map<ClusterTable, { readonly segment: Segment; readonly clusters: number[] }>();
  for (const { segment, table, cluster } of places) {
    const known = wanted.get(table);
    if (known) known.clusters.push(cluster);
    else wanted.set(table, { segment, clusters: [cluster] });
  }
  for (const [table, { segment, clusters }] of wanted) {
    search.lookInto(
      segment,
      table,
      clusters.sort((a, b) => a - b),
    );
  }
}
