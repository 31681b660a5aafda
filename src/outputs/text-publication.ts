import type { AlertUpdate, Score, Sense, SourceStatus } from '../core/types.ts';
import { FrameCache } from './frame-cache.ts';
import { spliceSub, textFrame, type Frame, type Publication } from './publication.ts';

/** A score or a source's status: JSON in every encoding. */
export class TextPublication implements Publication {
  readonly key: string;
  readonly source: string;
  readonly modality: Sense | undefined;
  readonly size = 1;
  readonly #op: string;
  readonly #content: object;
  readonly #frames = new FrameCache();
  #json: string | undefined;

  private constructor(op: string, key: string, content: { readonly source: string }, modality: Sense | undefined) {
    this.key = key;
    this.source = content.source;
    this.modality = modality;
    this.#op = op;
    this.#content = content;
  }

  /** Of each rule and source the newest score counts. */
  static score(score: Score): TextPublication {
    return new TextPublication('score', `${score.rule}\u0000${score.source}`, score, score.modality);
  }

  /** Of each alert the newest height counts. */
  static update(update: AlertUpdate): TextPublication {
    return new TextPublication('update', update.id, update, update.modality);
  }

  static status(status: SourceStatus, modality: Sense | undefined): TextPublication {
    return new TextPublication('status', status.source, status, modality);
  }

  frame(sub: string): Frame {
    return this.#frames.get(sub, 'json', () => {
      this.#json ??= JSON.stringify(this.#content);
      return textFrame(spliceSub(this.#op, sub, this.#json));
    });
  }
}
