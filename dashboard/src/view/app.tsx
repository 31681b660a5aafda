import type { VNode } from 'preact';
import { state } from '../data/state.ts';
import { useStore } from '../lib/store.ts';
import { Banner } from './banner.tsx';
import { Feed } from './feed.tsx';
import { FusionPanel } from './fusion-panel.tsx';
import { Header } from './header.tsx';
import { Health } from './health.tsx';
import { PromptBox } from './prompt-box.tsx';
import { RulesPanel } from './rules-panel.tsx';
import { Tile } from './tile.tsx';
import { TokenDialog } from './token-dialog.tsx';

export function App(): VNode {
  const sources = useStore(state.sources);
  const wantsToken = useStore(state.wantsToken);
  return (
    <>
      <Header />
      <main>
        <Banner />
        <div class="columns">
          <div class="wide">
            <PromptBox />
            <section aria-labelledby="sensors-title">
              <h2 id="sensors-title">Sensors</h2>
              {sources.length === 0 && <p class="card empty">Waiting for the server to name its sensors.</p>}
              <div class="tiles">
                {sources.map((source) => (
                  <Tile key={source.id} source={source} />
                ))}
              </div>
            </section>
            <FusionPanel />
            <RulesPanel />
            <Health />
          </div>
          <aside>
            <Feed />
          </aside>
        </div>
      </main>
      {wantsToken && <TokenDialog />}
    </>
  );
}
