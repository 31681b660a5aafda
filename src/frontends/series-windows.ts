import { filter, map, type OperatorFunction } from 'rxjs';
import { PayloadError } from '../core/errors.ts';
import type { Stage } from '../core/ledger.ts';
import type { ArrayReading, EncodeInput, Window } from '../core/types.ts';
import type { SeriesRecipe } from './recipe.ts';
import { seriesTensor } from './series-tensor.ts';

/**
 * Windows of a sensor's channels in, the model's grid of them out; the grid ends where the window ends. A window with a reading of
 * another number of channels gives none.
 *
 * @param stage counts windows: received = emitted + dropped (`badShape`)
 */
export const seriesWindows =
  (recipe: SeriesRecipe, stage: Stage): OperatorFunction<Window<ArrayReading>, EncodeInput> =>
  (windows$) =>
    windows$.pipe(
      map(({ members, ...meta }): EncodeInput | undefined => {
        stage.receive();
        const rows = members.map(({ timeUs, payload }) => ({ timeUs, values: payload.values }));
        try {
          const tensor = seriesTensor(rows, recipe, meta.endUs - recipe.seconds * 1e6);
          stage.emit();
          return { ...meta, tensor };
        } catch (error) {
          if (!(error instanceof PayloadError)) throw error;
          stage.drop('badShape');
          return undefined;
        }
      }),
      filter((input) => input !== undefined),
    );
