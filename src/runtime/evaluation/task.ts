import type { Modality } from '../../core/types.ts';

/** A file of a data set. */
export interface Item {
  readonly file: string;
  readonly modality: Modality;
  /** A thermal picture that its source has scaled to 8 bits: black is the low end of the front end's range, white its high end. */
  readonly isGrey8?: boolean;
  /** Motion: what its rows show, as runs of [label, rows] in their order. Each window with one clear label is a query of its own. */
  readonly runs?: readonly (readonly [label: string, rows: number])[];
}

/** A file that looks for something. */
export interface Query {
  readonly item: Item;
  /** The place of what belongs to it in the gallery; of motion the label of each window says it. */
  readonly truth: number;
  /** Queries of one group (uploader, recording, subject) are not independent. */
  readonly group: string;
}

/** One row of the results: files look for words or for other files, none of which were trained on. */
export interface Task {
  /** Names the row for the figures without training. */
  readonly id: string;
  readonly what: string;
  readonly queries: readonly Query[];
  readonly gallery: { readonly texts: readonly string[] } | { readonly items: readonly Item[] };
  /** For motion: the place in the gallery of each label. */
  readonly labels?: readonly string[];
  /** A hit: what belongs to the query is among so many nearest. */
  readonly depth: number;
  /** The mean over what there is to find, however often it occurs. */
  readonly isBalanced: boolean;
}

/** The tasks of one folder of the data, under one heading. */
export interface TaskGroup {
  readonly heading: string;
  /** Below the data folder. */
  readonly folder: string;
  /** Absent: the folder is not there. */
  readonly tasks?: readonly Task[];
}
