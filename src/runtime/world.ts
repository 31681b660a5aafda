import type { Observable, OperatorFunction } from 'rxjs';
import type { Rule } from '../alerts/rule.ts';
import type { EncodeOptions, Encoders } from '../core/encoder.ts';
import type { Fused, FusionTick } from '../core/fused.ts';
import type { Source } from '../core/source.ts';
import type { SourceConfig } from '../core/source-config.ts';
import type { Clock } from '../core/time.ts';
import type { Alert, Embedding, Reading, Sample } from '../core/types.ts';
import type { SpaceVector } from '../space/vector.ts';

/** What a run stands in instead of the host and its devices: a recording. Pipelines, fusion and rules are those of any run. */
export interface World {
  /** Times the pipelines. */
  readonly clock: Clock;
  /** Times fusion and rules, which come after the encoders. */
  readonly decisionClock: Clock;
  /** Steps of the host's clock, in microseconds. */
  readonly hostSteps$: Observable<number>;
  /** Where a reading was placed when it was recorded; undefined: that is for the clock to find out. */
  readonly placed: (reading: Reading) => Sample | undefined;
  /** What comes now is seen, but rules do not judge it. */
  readonly isMuted: () => boolean;
  readonly open: (config: SourceConfig) => Source;
  /** What happens to windows on their way through the encoders. */
  readonly encode: EncodeOptions;
  /** Is given each embedding as it leaves its pipeline, and passes it on when its turn has come. */
  readonly embedding: (embedding: Embedding, pass: (embedding: Embedding) => void) => void;
  /** Joint fusion whose vectors come out when their turn has come. */
  readonly fuse: (encoders: Pick<Encoders, 'fuse'>) => OperatorFunction<FusionTick, Fused>;
  /** A query's vector where the recording has it. */
  readonly query: (rule: Rule) => SpaceVector | undefined;
  readonly onAlert: (alert: Alert) => void;
  /** Where alerts and rules are kept: never the folder of a live run. */
  readonly stateDir: string;
  /** Whether dashboards may look on. */
  readonly listens: boolean;
}
