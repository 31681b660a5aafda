// npm start: from a plain clone to a running EdgeBind. Arguments go to `edgebind run`:  npm start -- my-config.yaml --port 8080
import { spawn } from 'node:child_process';
import { build, installModules, installPrograms, requireNode, root, turboJpeg } from './steps.mjs';

requireNode();
installModules();
installPrograms({ ffmpeg: 'ffmpeg', socat: 'socat', ...turboJpeg });
build();

const child = spawn(process.execPath, ['bin/edgebind.js', 'run', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
// npm does not pass on that it was ended: who is left without a parent ends as well.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) child.kill('SIGTERM');
}, 1000).unref();
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
