import { Fragment, type VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { LedgerLine } from '../../../src/core/ledger.ts';
import { state } from '../data/state.ts';
import { count, hertz } from '../lib/format.ts';
import { ledgerBySource, type SourceLedger } from '../lib/ledger-summary.ts';
import { useStore } from '../lib/store.ts';
import { reasonWords, stateWords } from '../lib/words.ts';

/** Source health and the ledger: nothing is lost without a name. */
export function Health(): VNode {
  const order = useStore(state.sources).map((source) => source.id);
  const rank = ({ source }: SourceLedger): number => (order.includes(source) ? order.indexOf(source) : order.length);
  const ledgers = ledgerBySource(useStore(state.ledger)).toSorted((a, b) => rank(a) - rank(b));
  const broken = ledgers.filter((ledger) => !ledger.sums).map((ledger) => ledger.source);
  return (
    <section class="card health" aria-labelledby="health-title">
      <h2 id="health-title">Health and ledger</h2>
      <p class={`sums ${broken.length > 0 ? 'bad' : 'good'}`} role="status" data-sums={broken.length === 0 && ledgers.length > 0}>
        {broken.length > 0
          ? `The ledger does not add up for ${broken.join(', ')}: this is a fault in EdgeBind, please report it`
          : 'Everything is accounted for: at each stage, in = out + dropped + in flight'}
      </p>
      <div class="scroll" tabIndex={0} role="region" aria-labelledby="health-title">
        <table>
          <thead>
            <tr>
              <th scope="col">source</th>
              <th scope="col">state</th>
              <th scope="col" class="number">
                rate
              </th>
              <th scope="col" class="number">
                in
              </th>
              <th scope="col" class="number">
                out
              </th>
              <th scope="col" class="number">
                in flight
              </th>
              <th scope="col">dropped</th>
              <th scope="col">adds up</th>
            </tr>
          </thead>
          <tbody>
            {ledgers.map((ledger) => (
              <SourceRows key={ledger.source} ledger={ledger} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** What is in the ledger but is no sensor. */
const NAMES: Readonly<Record<string, string>> = { ws: 'stream clients' };

function SourceRows({ ledger }: { readonly ledger: SourceLedger }): VNode {
  const [isOpen, setOpen] = useState(false);
  const report = useStore(state.sources).find((source) => source.id === ledger.source);
  return (
    <Fragment>
      <tr class={ledger.sums ? '' : 'broken'}>
        <th scope="row">
          <button type="button" class="expander" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            <i class={isOpen ? 'open' : ''}>▸</i> {NAMES[ledger.source] ?? ledger.source}
          </button>
        </th>
        <td>
          {report && (
            <span class={`state ${report.state}`}>
              <i class="dot" />
              {stateWords(report.state, report.reason)}
            </span>
          )}
        </td>
        <td class="number">{report?.samplesHz === undefined ? '' : hertz(report.samplesHz)}</td>
        <Numbers received={ledger.received} emitted={ledger.emitted} inFlight={ledger.inFlight} />
        <td>
          <Reasons counts={ledger.dropped} />
        </td>
        <td class="verdict">{ledger.sums ? 'yes' : 'NO'}</td>
      </tr>
      {isOpen && ledger.lines.map((line) => <StageRow key={line.stage} line={line} />)}
    </Fragment>
  );
}

function StageRow({ line }: { readonly line: LedgerLine }): VNode {
  return (
    <tr class={`stage-row${line.sums ? '' : ' broken'}`}>
      <th scope="row">{reasonWords(line.stage)}</th>
      <td colSpan={2} class="small">
        <Reasons counts={line.noted} />
      </td>
      <Numbers received={line.received} emitted={line.emitted} inFlight={line.inFlight} />
      <td>
        <Reasons counts={line.dropped} />
      </td>
      <td class="verdict">{line.sums ? 'yes' : 'NO'}</td>
    </tr>
  );
}

const Numbers = ({
  received,
  emitted,
  inFlight,
}: {
  readonly received: number;
  readonly emitted: number;
  readonly inFlight: number;
}): VNode => (
  <>
    <td class="number">{count(received)}</td>
    <td class="number">{count(emitted)}</td>
    <td class="number">{count(inFlight)}</td>
  </>
);

const Reasons = ({ counts }: { readonly counts: Readonly<Record<string, number>> }): VNode => (
  <>
    {Object.entries(counts).map(([reason, number]) => (
      <span key={reason} class="reason">
        {count(number)} {reasonWords(reason)}
      </span>
    ))}
  </>
);
