import { EdgeBindError } from '../core/errors.ts';

/**
 * A file of a later version is left alone: what this one does not know would be lost when it is rewritten.
 *
 * @throws EdgeBindError `STATE_NEWER`
 */
export function refuseNewer(path: string, format: number, known: number): void {
  if (format <= known) return;
  throw new EdgeBindError(
    'STATE_NEWER',
    `${path}: was written by a newer EdgeBind (format ${format}, this one reads up to ${known}); install that version, or move the file away to begin anew`,
  );
}
