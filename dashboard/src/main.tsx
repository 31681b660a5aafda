import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import { startPolling } from './data/poll.ts';
import { startSession } from './data/session.ts';
import './styles.css';
import { App } from './view/app.tsx';

const root = document.querySelector('#app');
if (root) {
  startSession();
  startPolling();
  render(<App />, root);
}
