import { UsageError } from '../core/errors.ts';
import type { SpaceVector } from '../space/vector.ts';

/**
 * The vector of a past moment, if it is kept and of this space.
 *
 * @throws UsageError `MOMENT_GONE`, `MOMENT_OTHER_SPACE`
 */
export function momentOf(
  { source, timeUs }: { readonly source: string; readonly timeUs: number },
  space: string,
  found: SpaceVector | undefined,
): Float32Array {
  if (!found)
    throw new UsageError(
      'MOMENT_GONE',
      `${source} has nothing within 2 s of ${timeInWords(timeUs)}: either nothing came of it then, or it is no longer remembered (state.memory)`,
    );
  if (found.space !== space)
    throw new UsageError(
      'MOMENT_OTHER_SPACE',
      `what ${source} gave then is of space ${found.space}, this is ${space}: vectors of two spaces cannot be compared; name a moment since the model changed`,
    );
  return found.vector;
}

/** Microseconds beyond the calendar are said as they are. */
const timeInWords = (timeUs: number): string => {
  const date = new Date(timeUs / 1000);
  return Number.isNaN(date.getTime()) ? `${timeUs} us` : date.toISOString();
};
